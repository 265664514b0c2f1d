/**
 * Transforms the files of a client's own test suite for Jest, which loads this
 * module as `client_suites.ts` has bundled it. On Node.
 */
import { createRequire } from "node:module";
import { join } from "node:path";
import ts from "typescript";

/**
 * When mirrors are attached: to each registry when it is made, or now and then
 * in the course of the tests.
 */
export type MirrorMode = "eager" | "random";

/** An event that the hook reports; each kind has properties of its own. */
export interface SuiteEvent {
  /** A mirror was attached. */
  readonly attached?: true;
  /** A metric was mirrored; whether it is live. */
  readonly live?: boolean;
  /** The text of an error that a mirror's `onError` took. */
  readonly error?: string;
}

/** How the files are transformed. */
export interface TransformOptions {
  /** The folder of the client. */
  readonly folder: string;
  /** The bundled hook. */
  readonly hook: string;
  /** Options for the hook. */
  readonly options: { readonly mode: MirrorMode };
}

/** A file that was transformed. */
interface Transformed {
  readonly code: string;
}

/** A transformer, as Jest calls it. */
interface Transformer<Given> {
  process(source: string, path: string, given: Given): Transformed;
}

/** The part of Jest's options that is used here. */
interface Given {
  readonly transformerConfig: TransformOptions;
}

const transformer: Transformer<Given> = {
  process(source, path, given) {
    const { folder, hook, options } = given.transformerConfig;
    if (path === join(folder, "lib", "registry.js")) {
      source += `\n;require(${JSON.stringify(hook)})` +
        `.install(module.exports, ${JSON.stringify(options)});\n`;
    } else if (options.mode === "random" && path.endsWith("Test.js")) {
      source = changingMirrors(source);
    }
    return babel(folder).process(source, path, given);
  },
};

export default transformer;

/** Jest's own transformer, which moves mocks before the imports. */
function babel(folder: string): Transformer<Given> {
  const require = createRequire(join(folder, "package.json"));
  return require("babel-jest").default.createTransformer();
}

/** Puts a call before each statement of functions, on the same line. */
function changingMirrors(source: string): string {
  const places: number[] = [];
  const visit = (node: ts.Node) => {
    if (ts.isBlock(node)) {
      for (const statement of node.statements) {
        const isDirective = ts.isExpressionStatement(statement) &&
          ts.isStringLiteral(statement.expression);
        if (!isDirective) places.push(statement.getStart());
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile("test.js", source, ts.ScriptTarget.Latest, true));
  return places.sort((a, b) => b - a).reduce(
    (text, at) =>
      `${text.slice(0, at)}globalThis.changeMirrors?.(); ${text.slice(at)}`,
    source,
  );
}
