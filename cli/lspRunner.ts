// Owns: the worker in which the language server compiles samplers. A task that is no longer wanted is told to stop; one
// that does not hear it, in the middle of something long, loses its worker.

import { Worker } from "node:worker_threads";
import type { Part } from "../editor/lsp/later.js";
import type { LaterRunner, LaterTask } from "../editor/lsp/laterRunner.js";

export type ToWorker = { readonly id: number; readonly task: LaterTask } | { readonly stop: number };
export type FromWorker =
  { readonly id: number; readonly part: Part } | { readonly id: number; readonly ended: true };

interface Job {
  readonly task: LaterTask;
  readonly onPart: (part: Part) => void;
  /** Parts given on; after a restart they come once more. */
  given: number;
  /** Parts the present worker has sent. */
  sent: number;
}

/** How long a stopped task may go on before its worker is ended, in milliseconds. */
const patience = 1000;

/** Beside this file, and as this file: TypeScript, compiled, or bundled. */
const extension = import.meta.url.slice(import.meta.url.lastIndexOf("."));
const workerUrl = new URL(`./lspWorker${extension}`, import.meta.url);

export class WorkerRunner implements LaterRunner {
  #worker: Worker | undefined;
  readonly #jobs = new Map<number, Job>();
  readonly #stopping = new Map<number, NodeJS.Timeout>();
  #last = 0;

  run(task: LaterTask, onPart: (part: Part) => void): () => void {
    const id = (this.#last += 1);
    this.#jobs.set(id, { task, onPart, given: 0, sent: 0 });
    this.#send({ id, task });
    return () => {
      if (!this.#jobs.delete(id)) return;
      this.#send({ stop: id });
      const overdue = setTimeout(() => this.#restart(), patience);
      overdue.unref();
      this.#stopping.set(id, overdue);
    };
  }

  dispose(): void {
    this.#jobs.clear();
    this.#end();
  }

  #send(message: ToWorker): void {
    this.#worker ??= this.#start();
    this.#worker.postMessage(message);
  }

  #start(): Worker {
    const worker = new Worker(workerUrl);
    worker.unref();
    worker.on("message", (message: FromWorker) => this.#receive(message));
    // A task that breaks its worker is given up: it would break the next one too.
    worker.on("error", () => {
      if (worker !== this.#worker) return;
      this.#worker = undefined;
      this.#jobs.clear();
    });
    return worker;
  }

  #receive(message: FromWorker): void {
    if ("ended" in message) {
      clearTimeout(this.#stopping.get(message.id));
      this.#stopping.delete(message.id);
      this.#jobs.delete(message.id);
      return;
    }
    const job = this.#jobs.get(message.id);
    if (!job) return;
    job.sent += 1;
    if (job.sent <= job.given) return;
    job.given = job.sent;
    job.onPart(message.part);
  }

  #end(): void {
    for (const timer of this.#stopping.values()) clearTimeout(timer);
    this.#stopping.clear();
    void this.#worker?.terminate();
    this.#worker = undefined;
  }

  #restart(): void {
    this.#end();
    for (const [id, job] of this.#jobs) {
      job.sent = 0;
      this.#send({ id, task: job.task });
    }
  }
}
