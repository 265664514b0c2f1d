/**
 * How a call ended.
 *
 * - `status`: `fulfilled` if a value was returned or the promise was fulfilled;
 *   `aborted` or `timeout` if the reason's `name` is `AbortError` or `TimeoutError`,
 *   as an `AbortSignal` makes them; `rejected` for all other failures, including a
 *   synchronous throw.
 * - `value`: the value, where the call succeeded; `undefined` for a generator that
 *   was closed early.
 * - `reason`: the thrown value, where the call failed.
 * - `args`: the arguments of the call; empty where a promise is measured.
 */
export type Outcome =
  // deno-lint-ignore no-explicit-any
  & { readonly args: readonly any[] }
  & ({
    readonly status: "fulfilled";
    // deno-lint-ignore no-explicit-any
    readonly value: any;
    readonly reason?: undefined;
  } | {
    readonly status: "rejected" | "aborted" | "timeout";
    readonly value?: undefined;
    readonly reason: unknown;
  });

/**
 * A value for each label that is set.
 *
 * @typeParam Name The names of the labels.
 */
export type LabelValues<Name extends string = string> = Readonly<
  Partial<Record<Name, string | number>>
>;

/**
 * The names of a metric's labels, as far as its type tells them: the clients'
 * metrics do, their children and other objects take any.
 *
 * @typeParam M The metric's type.
 */
export type LabelNames<M> = M extends {
  get(): PromiseLike<{ readonly values: ReadonlyArray<{ labels: infer L }> }>;
}
  // Label names that are known may come as a union of one-key objects.
  ? [L] extends [never] ? string : L extends unknown ? keyof L & string : never
  : string;

/**
 * Options of wrappers.
 *
 * @typeParam Name The names of the metric's labels.
 * @typeParam Call What the functions in the options are told of a call.
 */
export interface WrapperOptions<Name extends string = string, Call = Outcome> {
  /**
   * The label values, or a function that makes them of the call; then pass the
   * metric itself, not a child of it. If the function throws, or returns anything
   * but an object, the call is not measured, and `onError` learns why.
   *
   * @default {undefined} The metric is used as it is, which is right for a child
   * and for a metric without labels.
   */
  labels?: LabelValues<Name> | ((call: Call) => LabelValues<Name>);
  /**
   * Makes the labels of an exemplar, such as a trace's id, or nothing for no
   * exemplar. It runs in the caller's asynchronous context. Only a metric made
   * with `enableExemplars` takes them; for any other this is ignored.
   *
   * @default {undefined} No exemplars.
   */
  exemplar?: (call: Call) => LabelValues | undefined;
  /**
   * Takes each error that the metric, or a function in these options, throws or
   * rejects with. The wrapped function's caller never sees it.
   *
   * @default {undefined} The first error of the wrapper, or where promises are
   * measured of the metric, is written to `console.error`.
   */
  onError?: (error: unknown) => void;
}
