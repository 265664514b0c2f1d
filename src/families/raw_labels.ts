/** Labels as a client has them: values of any type. */
export type RawLabels = Readonly<Record<string, unknown>>;

/** The names and values of labels, as texts; those without a value are none. */
export function labelTexts(labels: RawLabels): [name: string, text: string][] {
  const texts: [string, string][] = [];
  for (const name of Object.keys(labels)) {
    const value = labels[name];
    // What UTF-8 cannot say must not tell two label sets apart.
    if (value !== undefined) texts.push([name, String(value).toWellFormed()]);
  }
  return texts;
}

/** Writes labels as JSON: an object of texts. */
export function labelsJson(labels: RawLabels): string {
  return JSON.stringify(Object.fromEntries(labelTexts(labels)));
}
