/** A label's name (OpenMetrics 1.0, "ABNF"; Prometheus before 3 takes no other). */
export const LABEL_NAME: RegExp = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

/**
 * How many characters the names and values of an exemplar's labels may have
 * together (OpenMetrics 1.0, "Exemplars").
 */
export const EXEMPLAR_CHARACTERS = 128;
