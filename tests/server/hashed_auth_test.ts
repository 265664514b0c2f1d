import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { execFile } from "node:child_process";
import { rename, symlink, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { inspect } from "node:util";
import * as client from "prom-client";
import {
  hashPassword,
  isPasswordOf,
  parseHash,
} from "../../src/runtime/scrypt.ts";
import {
  type AuthOptions,
  startHttpServer,
  type StartHttpServerOptions,
} from "../../src/server/mod.ts";
import { Authorization } from "../../src/server/auth.ts";
import { parseAuth } from "../../src/server/auth_options.ts";
import { withFolder } from "../_folder.ts";
import { startOf } from "../_spawn.ts";
import { test } from "../_suite.ts";
import { assertSoon, waitUntil } from "../_wait.ts";
import { PATIENT_MS, withThread } from "../thread/_threads.ts";
import { basic, contract, withServer } from "./_servers.ts";

const registry = new client.Registry();

/** Made by passlib, for "password". */
const OTHERS =
  "$scrypt$ln=16,r=8,p=1$aM15713r3Xsvxbi31lqr1Q$nFNh2CVHVjNldFVKDHDlm4CbdRSCdEBsjjJxD+iCs5E";

/** For "pass:wörd", quickly. */
const QUICK = "$scrypt$ln=4,r=8,p=1$c2FsdHNhbHRzYWx0$" +
  "l8NfX9f9k1xWw+Q9ClSAjZrU9RZZTDZMsX1DTMJ8NUo";

/** The same, a quarter as long. */
const SHORTER = "$scrypt$ln=14,r=8,p=1$c2FsdHNhbHRzYWx0$" +
  "MW/khaMejZYFSfWcX54KM97EzBW9G/Vf4isfpITaLB0";

async function statusOf(url: string, authorization: string): Promise<number> {
  const response = await fetch(url, { headers: { authorization } });
  await response.body?.cancel();
  return response.status;
}

test("a hash is that of its password, whoever has made it", async () => {
  const bytes = (text: string) => new TextEncoder().encode(text);
  const own = await hashPassword("pass:wörd");
  assertMatch(own, /^\$scrypt\$ln=15,r=8,p=1\$[\w+/]{22}\$[\w+/]{43}$/);
  assert(own !== await hashPassword("pass:wörd"));
  for (
    const [hash, password] of [[own, "pass:wörd"], [OTHERS, "password"]]
  ) {
    assertEquals(await isPasswordOf(parseHash(hash)!, bytes(password)), true);
    assertEquals(await isPasswordOf(parseHash(hash)!, bytes("other")), false);
  }
});

test("hashes that are malformed or take too much are no hashes", () => {
  for (
    const wrong of [
      "$scrypt$",
      "$scrypt$ln=15,r=8,p=1$aM15713r3Xsvxbi31lqr1Q",
      OTHERS.replace("ln=16", "ln=0"),
      OTHERS.replace("ln=16", "ln=22"),
      OTHERS.replace("r=8", "r=128"),
      OTHERS.replace("p=1", "p=99"),
      OTHERS.replace("r=8,", ""),
      OTHERS.slice(0, -30),
      `${OTHERS}$`,
      ` ${OTHERS}`,
    ]
  ) assertEquals(parseHash(wrong), undefined, wrong);
});

contract("a hashed password lets its user in", async (loopback) => {
  const auth = {
    basic: { prometheus: await hashPassword("pass:wörd"), plain: "plain" },
    bearer: ["token"],
  };
  await withServer({ ...loopback, registry, auth }, async ({ metricsUrl }) => {
    // The second time it is known, and the third it is another one.
    for (let round = 0; round < 2; round++) {
      const right = basic("prometheus", "pass:wörd");
      assertEquals(await statusOf(metricsUrl, right), 200);
    }
    for (
      const wrong of [
        basic("prometheus", "pass:wörd "),
        basic("prometheus", auth.basic.prometheus),
        basic("nobody", "pass:wörd"),
        basic("plain", "pass:wörd"),
        basic("", "pass:wörd"),
      ]
    ) assertEquals(await statusOf(metricsUrl, wrong), 401);
    assertEquals(await statusOf(metricsUrl, basic("plain", "plain")), 200);
    assertEquals(await statusOf(metricsUrl, "Bearer token"), 200);
  });
});

test("passwords are hashed one after the other, and no more than 16 wait", async () => {
  const auth: AuthOptions = {
    basic: { a: SHORTER, b: "plain" },
    bearer: ["token"],
  };
  const given = { action: "test", name: "auth", value: auth };
  const settings = parseAuth(given);
  const authorization = new Authorization(settings);
  await authorization.load();
  const ask = async (authorization_: string, address = "192.0.2.1") => {
    const headers = new Headers({ authorization: authorization_ });
    const request = { method: "GET", url: "/", headers };
    return (await authorization.authorize(request, () => address))?.status;
  };
  // Those that ask for one thing share its answer.
  const same = Array.from({ length: 40 }, () => ask(basic("a", "0")));
  assertEquals(new Set(await Promise.all(same)), new Set([401]));
  // At once, before more than a few are hashed.
  const wrong = Array.from({ length: 40 }, (_, n) => ask(basic("a", `${n}`)));
  const known = [
    ask(basic("b", "plain")),
    ask("Bearer token"),
    ask("Bearer x"),
  ];
  assertEquals(await Promise.all(known), [undefined, undefined, 401]);
  const statuses = await Promise.all(wrong);
  const refused = statuses.filter((status) => status === 429).length;
  const hashed = statuses.filter((status) => status === 401).length;
  assertEquals(refused + hashed, 40);
  assert(refused > 0 && hashed >= 16, `${hashed}`);
  // While one address tries passwords, another one has its turn.
  const tried = Array.from({ length: 40 }, (_, n) => ask(basic("a", `-${n}`)));
  const right = ask(basic("a", "password"), "192.0.2.2");
  const first = await Promise.race([right, Promise.all(tried)]);
  assertEquals(first, undefined);
  await Promise.all(tried);
});

test("startHttpServer() refuses hashes that are broken, and shows none", async () => {
  for (const hash of ["$scrypt$secret", OTHERS.replace("ln=16", "ln=25")]) {
    const error = await assertRejects(
      () => startHttpServer({ auth: { basic: { a: hash } } }),
      RangeError,
    );
    assertMatch(error.message, /auth\.basic .* received another hash for "a"$/);
    assert(!error.message.includes("secret"));
  }
});

/** A server, on this thread or another, whose credentials are in files. */
async function withFiles(
  fn: (files: {
    readonly users: string;
    readonly tokens: string;
    readonly url: string;
    readonly errors: unknown[];
  }) => Promise<void>,
  onThread: boolean,
): Promise<void> {
  await withFolder(async (folder) => {
    const [users, tokens] = [join(folder, "users"), join(folder, "tokens")];
    await writeFile(users, `# Prometheus\r\nprometheus:first:1\r\n\r\n`);
    // As Kubernetes shows a secret.
    await writeFile(`${tokens}-1`, "first\n");
    await symlink(`${tokens}-1`, tokens);
    const errors: unknown[] = [];
    const options: StartHttpServerOptions = {
      addr: "127.0.0.1",
      registry,
      auth: {
        basic: { always: "a" },
        basicFile: users,
        bearerFile: tokens,
        reloadInterval: 100,
      },
      onError: (error) => errors.push(error),
    };
    const run = ({ metricsUrl: url }: { metricsUrl: string }) =>
      fn({ users, tokens, url, errors });
    if (onThread) await withThread(options, run);
    else await withServer(options, run);
  });
}

for (const onThread of [false, true]) {
  const where = onThread ? "a thread" : "this thread";
  test(`credentials in files are read again, on ${where}`, () =>
    withFiles(async ({ users, tokens, url }) => {
      const first = basic("prometheus", "first:1");
      assertEquals(await statusOf(url, first), 200);
      assertEquals(await statusOf(url, "Bearer first"), 200);
      assertEquals(await statusOf(url, basic("# Prometheus", "")), 401);
      await writeFile(`${users}-2`, `prometheus:${QUICK}\nprometheus:other\n`);
      await rename(`${users}-2`, users);
      await writeFile(`${tokens}-2`, "second\nthird\n");
      await symlink(`${tokens}-2`, `${tokens}-new`);
      await rename(`${tokens}-new`, tokens);
      await assertSoon(401, () => statusOf(url, first));
      await assertSoon(401, () => statusOf(url, "Bearer first"));
      for (
        const right of [
          basic("prometheus", "pass:wörd"),
          basic("prometheus", "other"),
          basic("always", "a"),
          "Bearer second",
          "Bearer third",
        ]
      ) assertEquals(await statusOf(url, right), 200, right);
    }, onThread));
}

test("credentials stay as they are while a file cannot be used, which is told once", () =>
  withFiles(async ({ users, tokens, url, errors }) => {
    await unlink(tokens);
    await waitUntil(PATIENT_MS, "it is told", () => errors.length > 0);
    assertEquals(await statusOf(url, "Bearer first"), 200);
    assertMatch(
      String(errors[0]),
      /auth\.bearerFile must be readable, received ENOENT$/,
    );
    await writeFile(tokens, "first\nsecr et\n");
    await waitUntil(PATIENT_MS, "it is told", () => errors.length > 1);
    assertMatch(String(errors[1]), /must have tokens .* another line 2$/);
    await writeFile(tokens, "second\n");
    await assertSoon(200, () => statusOf(url, "Bearer second"));
    await writeFile(users, "no colon, but a secret\n");
    await waitUntil(PATIENT_MS, "it is told", () => errors.length > 2);
    assertEquals(errors.length, 3);
    assertEquals(await statusOf(url, basic("prometheus", "first:1")), 200);
    assert(!/secr/.test(errors.join()), errors.join());
  }, false));

test("startHttpServer() starts with no file of credentials that cannot be used", () =>
  withFolder(async (folder) => {
    const file = join(folder, "file");
    const secret = await assertRejects(
      () => startHttpServer({ auth: { bearerFile: "s3cr3t" } }),
      Error,
    );
    assert(!/s3cr3t/.test(inspect(secret)), inspect(secret));
    const start = (auth: AuthOptions) =>
      assertRejects(() => startHttpServer({ addr: "127.0.0.1", auth }), Error);
    assertStringIncludes(
      (await start({ basicFile: file })).message,
      "must be readable, received ENOENT",
    );
    for (const text of ["", "\n# nothing\n", "a:\n", `a:${"$scrypt$x"}`, "a"]) {
      await writeFile(file, text);
      const { message } = await start({ basicFile: file, bearer: ["a"] });
      assertMatch(
        message,
        /^Cannot use credentials: the file of auth\.basicFile must have /,
      );
    }
  }));

/** Runs the program that hashes; yields its code and what it prints. */
function runProgram(input: string): Promise<[number, string, string]> {
  return new Promise((resolve) => {
    const args = startOf("src/runtime/hash_password.ts");
    const child = execFile(
      process.execPath,
      [...args],
      (error, stdout, stderr) =>
        resolve([Number(error?.code ?? 0), stdout, stderr]),
    );
    child.stdin!.end(input);
  });
}

test("the program hashes the line that it is given", async () => {
  const [code, hash] = await runProgram("pass wörd \nanother\n");
  assertEquals(code, 0);
  const bytes = new TextEncoder().encode("pass wörd ");
  assertEquals(await isPasswordOf(parseHash(hash.trim())!, bytes), true);
  const [failed, nothing, message] = await runProgram("\n");
  assertEquals([failed, nothing], [1, ""]);
  assertMatch(message, /^Cannot hash password: a line .* received none/m);
});
