/** The panels of the dashboard, to be asked of a real Prometheus. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";

const FOLDER = join(import.meta.dirname!, "../../examples/operating");

interface Panel {
  readonly title: string;
  readonly targets: readonly { readonly expr: string }[];
}

/**
 * The queries of the panels about some metrics, by the panels' titles.
 *
 * @param about What the queries of these panels match.
 * @param job The job whose series are asked for, as an expression.
 */
export async function panelQueries(
  about: RegExp,
  job = ".*",
): Promise<[title: string, query: string][]> {
  const { panels } = JSON.parse(
    await readFile(join(FOLDER, "dashboard.json"), "utf8"),
  ) as { panels: readonly Panel[] };
  return panels.flatMap(({ title, targets }) =>
    targets.map(({ expr }): [string, string] => [
      title,
      expr.replaceAll("$job", job)
        .replaceAll("$instance", ".*")
        .replaceAll("$__rate_interval", "10s"),
    ])
  ).filter(([, query]) => about.test(query));
}
