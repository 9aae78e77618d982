// Owns: the progress bar on stderr. There is none unless stderr is a terminal.

import { SingleBar } from "cli-progress";
import type { Plan } from "../../compiler/plan/schema.js";
import { progressSteps, type Progress } from "../../runtime/node.js";
import type { Sink } from "../io.js";

export interface ProgressBar {
  update(progress: Progress): void;
  stop(): void;
}

const silent: ProgressBar = { update: () => undefined, stop: () => undefined };

/** `8s`, `2m05s`; three dots while there is nothing to go by. */
function timeLeft(seconds: number): string {
  if (!Number.isFinite(seconds)) return "...";
  const whole = Math.round(seconds);
  return whole < 60 ? `${whole}s` : `${Math.floor(whole / 60)}m${String(whole % 60).padStart(2, "0")}s`;
}

export function progressBar(stream: Sink, plan: Plan, count: number, batches: number): ProgressBar {
  if (stream.isTTY !== true) return silent;
  const bar = new SingleBar({
    stream,
    format: `${plan.sampler} {bar} {value}/{total} steps, {samples}/${count} samples, {eta_formatted} left`,
    barsize: 30,
    barCompleteChar: "=",
    barIncompleteChar: " ",
    barGlue: ">",
    hideCursor: true,
    clearOnComplete: true,
    stopOnComplete: false,
    gracefulExit: false,
    formatTime: timeLeft,
    etaBuffer: 20,
  });
  bar.start(progressSteps(plan) * batches, 0, { samples: 0 });
  return {
    update: ({ batch, step, steps, samples }) => bar.update(batch * steps + step, { samples }),
    stop: () => bar.stop(),
  };
}
