import type { Answer, MetricsRequest } from "../answer.ts";
import type { UnsentAnswers } from "./unsent_answers.ts";

/** An address to listen on, or a bound one: of a unix socket the file. */
export type ListenAddress =
  | {
    /** `"::"` is every interface. */
    readonly hostname: string;
    /** 0 lets the system choose. */
    readonly port: number;
  }
  | { readonly path: string };

/** A server's credentials in the TLS handshake, in PEM format. */
export interface TlsCredentials {
  /** The certificate, and the chain below it. */
  readonly cert: string;
  readonly key: string;
  /** The required issuer of clients' certificates; without it none is asked for. */
  readonly clientCa?: string;
}

/** The requirements for a client's TLS, with any credentials. */
export interface TlsPolicy {
  /** The oldest version that is spoken. */
  readonly minVersion: "TLSv1.2" | "TLSv1.3";
  /** The names of which a client's certificate must have one; any, if it is missing. */
  readonly clientNames?: readonly string[];
}

/** Limits for clients, with times in milliseconds. */
export interface ConnectionLimits {
  /** The time for the handshake, and for the head of a request. */
  readonly headerTimeout?: number;
  /** The time between two requests of a connection. */
  readonly idleTimeout?: number;
  /** The number of connections. */
  readonly maxConnections?: number;
}

/** Answers a request; the second argument yields the client's IP address. */
export type RequestHandler = (
  request: MetricsRequest,
  remoteAddress: () => string | undefined,
) => Answer | Promise<Answer>;

/** Options for {@linkcode Runtime.listen}. */
export interface ListenOptions {
  readonly address: ListenAddress;
  readonly handler: RequestHandler;
  /** Without credentials the server speaks plain HTTP. */
  readonly tls?: TlsCredentials;
  /** Goes with `tls`. */
  readonly tlsPolicy?: TlsPolicy;
  /** Whether {@linkcode Listener.renew} is needed. */
  readonly isRenewable?: boolean;
  /** A missing limit is the runtime's own. */
  readonly limits?: ConnectionLimits;
  /** Keeps the answers that clients have not taken wholly. */
  readonly unsent: UnsentAnswers;
  /** Takes the reason for which the server takes no clients for a while. */
  readonly onError: (error: Error) => void;
}

/** A socket that is being listened on. It keeps the process alive at first. */
export interface Listener {
  /** The bound address. */
  readonly address: ListenAddress;
  /**
   * Shows other credentials to clients that connect from now on; only a renewable
   * listener has it. If they cannot be used, it rejects and keeps the old ones.
   */
  renew?(tls: TlsCredentials): Promise<void>;
  /** Lets the process end although the server listens. */
  unref(): void;
  /** Keeps the process alive. */
  ref(): void;
  /**
   * Takes no more work; settles when the requests in flight are answered. Only
   * {@linkcode cut} ends clients that stall.
   */
  stop(): Promise<void>;
  /** Ends every connection at once, also while {@linkcode stop} waits. */
  cut(): Promise<void>;
}

/** A client's credentials in the TLS handshake, in PEM format. */
export interface ClientTls {
  /** The required issuer of the server's certificate; by default the system's. */
  readonly ca?: string;
  /** The certificate to show, and the chain below it. */
  readonly cert?: string;
  readonly key?: string;
}

/** The part of `fetch` that is needed to ask an API. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** A `fetch` with connections of its own. */
export interface FetchClient {
  readonly fetch: Fetch;
  close(): Promise<void>;
}

/** The tasks for which each runtime has its own way. */
export interface Runtime {
  readonly name: string;
  readonly version: string;
  /**
   * Binds a socket and serves HTTP on it.
   *
   * Rejects with the runtime's own error if the socket cannot be bound, and before
   * that with an {@linkcode UnsupportedOptionError} if the runtime lacks an option.
   */
  listen(options: ListenOptions): Promise<Listener>;
  /**
   * Makes a `fetch` with abilities that the standard one has no options for.
   *
   * @throws The runtime's error if the credentials cannot be used.
   */
  fetchClient(options: {
    readonly tls?: ClientTls;
    /** The file of the unix socket that is asked, whatever host the URL names. */
    readonly unix?: string;
  }): Promise<FetchClient>;
}
