/**
 * The exposition formats by the names that links may ask for, as what an
 * `Accept` header says of them.
 */
export const FORMATS: Readonly<Record<string, string>> = {
  "text-0.0.4": "text/plain; version=0.0.4",
  "text-1.0.0": "text/plain; version=1.0.0; escaping=allow-utf-8",
  "openmetrics-1.0.0":
    "application/openmetrics-text; version=1.0.0; escaping=allow-utf-8",
  "openmetrics-0.0.1": "application/openmetrics-text; version=0.0.1",
};
