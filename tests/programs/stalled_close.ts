/**
 * Closes a server on which a client stalls, and lets the process end; prints
 * when it is closed.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { startHttpServer } from "../../mod.ts";

const maxConnections = process.argv[2] === "node:http" ? 1000 : undefined;
const server = await startHttpServer({ addr: "127.0.0.1", maxConnections });

// In a process of its own: here the client would keep this one alive. It stalls
// for longer than this program may take.
const script = "s=$1; exec 3<>/dev/tcp/127.0.0.1/$s; " +
  "printf 'POST / HTTP/1.1\\r\\nHost: a\\r\\nContent-Length: 9\\r\\n\\r\\na' >&3; " +
  "read -r line <&3; echo asked; exec sleep 200";
const child = spawn(
  "bash",
  ["-c", script, "bash", String(server.socket.port)],
  {
    stdio: ["ignore", "pipe", "ignore"],
  },
);
await once(child.stdout!, "data");
await server.close(100);
console.log("closed");
child.stdout!.destroy();
child.unref();
process.once("exit", () => child.kill("SIGKILL"));
