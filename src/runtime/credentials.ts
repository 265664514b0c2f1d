import { quote, visible } from "../base/describe.ts";
import { readFile } from "node:fs/promises";
import {
  cannotShow,
  type CredentialNames,
  type Credentials,
  parseCredentials,
  unusable,
} from "./certificates.ts";

/** The parts of credentials, as texts or as files. */
type CredentialOptions = Readonly<
  Partial<Record<keyof Credentials | `${keyof Credentials}File`, string>>
>;

/**
 * Loads parts of credentials from the files that options name, or takes the texts
 * in the options. A certificate and its key are tried before they are used.
 *
 * @param current The credentials in use; they are returned if nothing has changed.
 * @throws {TlsError} If a file cannot be loaded, or the credentials cannot be used.
 */
export async function loadCredentials(
  parts: readonly (keyof Credentials)[],
  options: CredentialOptions,
  current?: Credentials,
): Promise<Credentials> {
  const texts = await Promise.all(parts.map(async (part) => {
    const file = options[`${part}File`];
    return [part, file === undefined ? options[part] : await loadPem(file)];
  }));
  const names: CredentialNames = Object.fromEntries(
    parts.map((
      part,
    ) => [part, visible(options[`${part}File`] ?? `tls.${part}`)]),
  );
  const loaded = parseCredentials(Object.fromEntries(texts), names);
  if (JSON.stringify(loaded) === JSON.stringify(current)) return current!;
  const { cert, key } = loaded;
  if (cert !== undefined && key !== undefined) {
    const { tryPair } = await import("./handshake.ts");
    await tryPair({ cert, key }).catch((cause) => {
      throw cannotShow(names.cert, cause);
    });
  }
  return loaded;
}

/** Reads a file. */
export function readText(file: string): Promise<string> {
  return readFile(file, "utf8");
}

async function loadPem(file: string): Promise<string> {
  try {
    return await readText(file);
  } catch (cause) {
    const { code, message } = cause as { code?: string; message: string };
    throw unusable(
      `file ${quote(file)} must be readable, received ` +
        visible(code ?? message),
      { cause },
    );
  }
}
