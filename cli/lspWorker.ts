// Owns: the worker of the language server: takes tasks, sends back their parts, stops when told.

import { parentPort } from "node:worker_threads";
import { parts, takeParts } from "../editor/lsp/laterRunner.js";
import { fileHost } from "./host.js";
import type { FromWorker, ToWorker } from "./lspRunner.js";

const stops = new Map<number, () => void>();
const send = (message: FromWorker): void => parentPort?.postMessage(message);

parentPort?.on("message", (message: ToWorker) => {
  if ("stop" in message) {
    stops.get(message.stop)?.();
    stops.delete(message.stop);
    send({ id: message.stop, ended: true });
    return;
  }
  const { id, task } = message;
  const work = parts(task, fileHost("/", task.file));
  stops.set(
    id,
    takeParts(
      work,
      (part) => send({ id, part }),
      () => {
        stops.delete(id);
        send({ id, ended: true });
      },
    ),
  );
});
