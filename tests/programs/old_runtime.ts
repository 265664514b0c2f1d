/**
 * Uses the package on a runtime that is too old for it; prints how each use ends.
 */
Object.assign(Promise, { withResolvers: undefined });

const {
  ConsulAgent,
  instrumentHandler,
  metricsHandler,
  serverStats,
  startHttpServer,
  startHttpServerInThread,
  startHttpServerInThreadSync,
  time,
} = await import("../../mod.ts");
const { prometheus } = await import("../../src/hono/mod.ts");

const request = new Request("http://localhost/metrics");
const uses: Readonly<Record<string, () => unknown>> = {
  time: () => time({ observe() {} })(() => {})(),
  serverStats: () => serverStats(request),
  metricsHandler: () => metricsHandler()(request),
  startHttpServer: () => startHttpServer(),
  startHttpServerInThread: () => startHttpServerInThread(),
  startHttpServerInThreadSync: () => startHttpServerInThreadSync({}),
  ConsulAgent: () => new ConsulAgent({ token: "", address: "localhost" }),
  instrumentHandler: () => instrumentHandler(() => new Response()),
  prometheus: () => prometheus(),
};
for (const [name, use] of Object.entries(uses)) {
  try {
    await use();
    console.log(name, "works");
  } catch (error) {
    console.log(name, String(error));
  }
}
