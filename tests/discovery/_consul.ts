/** A real Consul agent on loopback, with a data folder of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { serverPath } from "../../tools/servers/locate.ts";
import type { Certificate } from "../_certificates.ts";
import { freePorts } from "../_ports.ts";
import { waitUntil } from "../_wait.ts";

/** A service as the agent lists it. */
export interface AgentService {
  ID: string;
  Service: string;
  Tags: string[];
  Meta: Record<string, string>;
  Address: string;
  Port: number;
}

/** A check as the agent lists it. */
interface AgentCheck {
  CheckID: string;
  ServiceID: string;
  Status: string;
  Output: string;
  Type: string;
}

/** Options for {@linkcode startConsul}. */
export interface StartConsulOptions {
  /** Whether it does nothing for those without a token. */
  acl?: boolean;
  /** Its credentials for TLS, which it speaks besides plain HTTP. */
  tls?: Certificate & {
    /** The file of who has issued the certificates. */
    caFile: string;
    /** Whether clients must have one. */
    isMutual?: boolean;
  };
  /** The file of a socket on which it listens, too. */
  unix?: string;
}

/** A token that may do everything. */
const MASTER_TOKEN = "11111111-2222-3333-4444-555555555555";

const START_MS = 60_000;

/** The words of an agent whose port is taken. */
const PORT_TAKEN = "address already in use";

/** How long after one that did not come back the next is started. */
const RETRY_MS = 500;

/** How long whoever listens at its port has to answer. */
const ANSWER_MS = 5000;

/** How often it is tried to start one on ports that are free. */
const ATTEMPTS = 3;

/** Starts an agent, on ports that were free a moment ago. */
async function startConsul(
  options: StartConsulOptions = {},
): Promise<Consul> {
  for (let attempt = 1;; attempt++) {
    const consul = await Consul.create(options);
    try {
      await consul.start();
      return consul;
    } catch (error) {
      await consul.stop();
      if (attempt === ATTEMPTS) throw error;
    }
  }
}

/** Runs `fn` with an agent, which is ended afterwards. */
export async function withConsul(
  options: StartConsulOptions,
  fn: (consul: Consul) => Promise<void>,
): Promise<void> {
  const consul = await startConsul(options);
  try {
    await fn(consul);
  } finally {
    await consul.stop();
  }
}

/** A Consul agent. */
export class Consul {
  /** Where its HTTP API is. */
  readonly url: string;
  /** Where that is with TLS. */
  readonly httpsUrl: string;
  /** The name of its node. */
  readonly node: string;
  /** A token that may do everything, if it asks for one. */
  readonly token: string | undefined;
  readonly #folder: string;
  #child: ChildProcess | undefined;
  #wasReady = false;
  /** The names of tokens, by their secrets. */
  readonly #accessors = new Map<string, string>();
  readonly #kill = () => this.#signal("SIGKILL");

  constructor(folder: string, http: number, https: number, acl: boolean) {
    this.#folder = folder;
    this.node = basename(folder);
    this.url = `http://127.0.0.1:${http}`;
    this.httpsUrl = `https://127.0.0.1:${https}`;
    this.token = acl ? MASTER_TOKEN : undefined;
  }

  /** Makes an agent that has not started. */
  static async create(
    { acl = false, tls, unix }: StartConsulOptions,
  ): Promise<Consul> {
    const folder = await mkdtemp(join(tmpdir(), "consul-"));
    const [http, https, serf_lan, server] = await freePorts(4);
    const consul = new Consul(folder, http, https, acl);
    await writeFile(
      join(folder, "config.json"),
      JSON.stringify({
        node_name: consul.node,
        datacenter: "dc1",
        server: true,
        bootstrap: true,
        bind_addr: "127.0.0.1",
        client_addr: "127.0.0.1",
        ...unix && { addresses: { http: `127.0.0.1 unix://${unix}` } },
        ports: {
          http,
          https: tls ? https : -1,
          serf_lan,
          serf_wan: -1,
          server,
          dns: -1,
          grpc: -1,
        },
        log_level: "warn",
        disable_update_check: true,
        disable_host_node_id: true,
        performance: { raft_multiplier: 1 },
        ...acl && {
          acl: {
            enabled: true,
            default_policy: "deny",
            tokens: { master: MASTER_TOKEN, agent: MASTER_TOKEN },
          },
        },
        ...tls && {
          cert_file: tls.certFile,
          key_file: tls.keyFile,
          ca_file: tls.caFile,
          verify_incoming_https: tls.isMutual ?? false,
        },
      }),
    );
    return consul;
  }

  /**
   * Starts it, and waits until it is ready. One that was ready before comes back
   * to the ports that it had, as soon as whoever took them meanwhile lets it.
   *
   * @param services What it knows from before; nothing by default.
   */
  async start(...services: object[]): Promise<void> {
    await writeFile(
      join(this.#folder, "services.json"),
      JSON.stringify({ services }),
    );
    let started = this.#spawn();
    await waitUntil(START_MS, "Consul is ready", async () => {
      if (hasEnded(started.child)) {
        const log = await started.log;
        if (!this.#wasReady || !log.includes(PORT_TAKEN)) {
          throw new Error(`Consul ended: ${log}`);
        }
        await sleep(RETRY_MS);
        started = this.#spawn();
      }
      return await this.#isReady();
    });
    this.#wasReady = true;
  }

  #spawn(): { child: ChildProcess; log: Promise<string> } {
    const child = this.#child = spawn(serverPath("consul"), [
      ...["agent", "-dev"],
      `-config-file=${join(this.#folder, "config.json")}`,
      `-config-file=${join(this.#folder, "services.json")}`,
    ], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { HOME: this.#folder, TMPDIR: this.#folder },
    });
    // A test run that ends early leaves no agent behind.
    process.off("exit", this.#kill).once("exit", this.#kill);
    let printed = "";
    const keep = (chunk: unknown) => printed += chunk;
    child.stdout!.on("data", keep);
    child.stderr!.on("data", keep);
    return { child, log: once(child, "close").then(() => printed) };
  }

  /**
   * Whether its own node is listed: before that it forgets what it is told. By
   * whoever has taken its port another is listed, if there is an answer at all.
   */
  async #isReady(): Promise<boolean> {
    try {
      const signal = AbortSignal.timeout(ANSWER_MS);
      const nodes = await this.#ask("GET", "catalog/nodes", { signal });
      return (nodes as { Node: string }[])
        .some(({ Node }) => Node === this.node);
    } catch {
      return false;
    }
  }

  /** Ends it as a crash does: it forgets everything. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    process.off("exit", this.#kill);
    if (child === undefined || hasEnded(child)) return;
    const exited = once(child, "exit");
    process.kill(child.pid!, "SIGKILL");
    await exited;
  }

  /** Has it do nothing until it is resumed; connections are still made. */
  async freeze(): Promise<void> {
    this.#signal("SIGSTOP");
    const file = `/proc/${this.#child!.pid}/stat`;
    await waitUntil(60_000, "Consul is stopped", async () =>
      // The state stands behind the name, which is in parentheses.
      /\) T /.test(await readFile(file, "utf8")));
  }

  /** Has it go on. */
  resume(): void {
    this.#signal("SIGCONT");
  }

  /** Ends it for good, and removes what it has left. */
  async stop(): Promise<void> {
    await this.kill();
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** Asks its HTTP API. */
  get<T>(path: string): Promise<T> {
    return this.#ask("GET", path) as Promise<T>;
  }

  /** Tells its HTTP API something. */
  put<T>(path: string, body?: unknown): Promise<T | undefined> {
    return this.#ask("PUT", path, { body }) as Promise<T | undefined>;
  }

  /** The services that it knows, by id. */
  services(): Promise<Record<string, AgentService>> {
    return this.get("agent/services");
  }

  /** The status of a service's check; `undefined` if there is none. */
  async status(id: string): Promise<string | undefined> {
    const checks = await this.get<Record<string, AgentCheck>>("agent/checks");
    return Object.values(checks).find(({ ServiceID }) => ServiceID === id)
      ?.Status;
  }

  /** Makes a token that is allowed what a policy says; yields its secret. */
  async createToken(rules: string): Promise<string> {
    const name = `policy-${crypto.randomUUID()}`;
    await this.put("acl/policy", { Name: name, Rules: rules });
    const made = await this.put<{ SecretID: string; AccessorID: string }>(
      "acl/token",
      { Policies: [{ Name: name }] },
    );
    this.#accessors.set(made!.SecretID, made!.AccessorID);
    return made!.SecretID;
  }

  async #ask(
    method: string,
    path: string,
    { body, signal }: { body?: unknown; signal?: AbortSignal } = {},
  ): Promise<unknown> {
    const response = await fetch(`${this.url}/v1/${path}`, {
      method,
      headers: this.#headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      signal,
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`Consul answered ${path}: ${text}`);
    return text === "" ? undefined : JSON.parse(text);
  }

  #signal(signal: "SIGKILL" | "SIGSTOP" | "SIGCONT"): void {
    // By the child's own method Deno sends but one.
    const child = this.#child;
    if (child && !hasEnded(child)) process.kill(child.pid!, signal);
  }

  /** Takes a token that was made back. */
  async deleteToken(secret: string): Promise<void> {
    await this.#ask("DELETE", `acl/token/${this.#accessors.get(secret)}`);
  }

  get #headers(): Record<string, string> {
    return this.token ? { "x-consul-token": this.token } : {};
  }
}

/** Whether a process has ended, by itself or by a signal. */
function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}
