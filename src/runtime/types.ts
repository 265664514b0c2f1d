/**
 * What the rest of the package asks of a runtime.
 *
 * @module
 */

/** Where a server listens, or listens already. */
export type ListenAddress =
  | {
    /** The address; `"::"` is every interface. */
    readonly hostname: string;
    /** The port; 0 lets the system choose. */
    readonly port: number;
  }
  | {
    /** The file of a unix socket. */
    readonly path: string;
  };

/** What a server shows in the TLS handshake, and asks for; each of it PEM. */
export interface TlsCredentials {
  /** The certificate, and the chain below it. */
  readonly cert: string;
  /** Its private key. */
  readonly key: string;
  /** Who must have issued the certificate of a client; without it none is asked for. */
  readonly clientCa?: string;
}

/** How long, and how many, clients may keep a server busy. */
export interface ConnectionLimits {
  /**
   * For how long a client may take for the handshake, and for the head of a
   * request, in milliseconds.
   */
  readonly headerTimeout?: number;
  /** For how long a connection may idle between two requests, in milliseconds. */
  readonly idleTimeout?: number;
  /** How many connections there may be. */
  readonly maxConnections?: number;
}

/**
 * Answers a request.
 *
 * @param remoteAddress Yields the client's IP address, if it has one.
 */
export type RequestHandler = (
  request: Request,
  remoteAddress: () => string | undefined,
) => Response | Promise<Response>;

/** Options for {@linkcode Runtime.listen}. */
export interface ListenOptions {
  /** Where to listen. */
  readonly address: ListenAddress;
  /** Answers every request. */
  readonly handler: RequestHandler;
  /** What TLS is spoken with; without it none is. */
  readonly tls?: TlsCredentials;
  /**
   * Whether {@linkcode Listener.renew} will be called.
   *
   * @default {false}
   */
  readonly isRenewable?: boolean;
  /** Without one of them it is what the runtime has. */
  readonly limits?: ConnectionLimits;
  /**
   * Whether other classes may take the place of the global `Request` and
   * `Response` for the rest of this thread, as they do on Node: they spare a copy
   * and a stream.
   *
   * @default {false}
   */
  readonly mayReplaceGlobals?: boolean;
}

/** A socket that is being listened on. */
export interface Listener {
  /** What was bound. */
  readonly address: ListenAddress;
  /**
   * Shows other credentials to those who connect from now on; it is there if the
   * listener was started as renewable. If they cannot be used it rejects, and
   * shows those it had.
   */
  renew?(tls: TlsCredentials): Promise<void>;
  /** Lets the process end although the server listens. */
  unref(): void;
  /** Keeps the process alive, as it is at first. */
  ref(): void;
  /**
   * Takes no more work; settles when the requests in flight were answered.
   * Clients that stall may hold it up for ever: then {@linkcode cut}.
   */
  stop(): Promise<void>;
  /** Ends every connection at once, also while {@linkcode stop} waits. */
  cut(): Promise<void>;
}

/** Whom a client trusts in the TLS handshake, and what it shows; each of it PEM. */
export interface ClientTls {
  /** Who must have issued the server's certificate; by default the system's. */
  readonly ca?: string;
  /** The certificate to show, and the chain below it. */
  readonly cert?: string;
  /** Its private key. */
  readonly key?: string;
}

/** The part of the global `fetch` that is needed to ask an API. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** Options for {@linkcode Runtime.fetchClient}. */
interface FetchClientOptions {
  /** How TLS is spoken. */
  readonly tls?: ClientTls;
  /** The file of the unix socket that is asked, whatever host the URL names. */
  readonly unix?: string;
}

/** A `fetch` with connections of its own. */
export interface FetchClient {
  readonly fetch: Fetch;
  /** Ends the connections. */
  close(): Promise<void>;
}

/** One runtime's way of doing what differs between them. */
export interface Runtime {
  /** Its name, as people write it, and its version. */
  readonly name: string;
  readonly version: string;
  /**
   * Binds a socket and serves HTTP on it.
   *
   * Settles once the socket is bound; rejects with what the runtime throws when
   * it cannot be, and with an {@linkcode UnsupportedOptionError} before that
   * where the options ask for what it cannot do.
   */
  listen(options: ListenOptions): Promise<Listener>;
  /**
   * Makes a `fetch` that can do what the global one has no standard options for.
   *
   * @throws What the runtime throws if the credentials cannot be used.
   */
  fetchClient(options: FetchClientOptions): Promise<FetchClient>;
}
