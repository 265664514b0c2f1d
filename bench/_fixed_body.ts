/** A thread that answers every request with the same body: the limit. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { parentPort, workerData } from "node:worker_threads";

const server = createServer((_request, response) => response.end(workerData));
server.listen(0, "127.0.0.1", () => {
  const { port } = server.address() as AddressInfo;
  parentPort!.postMessage(`http://127.0.0.1:${port}/`);
});
