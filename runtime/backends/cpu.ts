// Owns: opening tfjs' plain JavaScript backend. Imported only when it is asked for.

import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import type { Backend } from "../backend.js";
import { TfBackend } from "./tfjs.js";

let greeted = false;

/** tfjs prints an advertisement on the first tensor in Node; production mode keeps it quiet, for that one tensor. */
function quietStart(): void {
  if (greeted) return;
  greeted = true;
  const environment = tf.env();
  const before = environment.getBool("PROD");
  environment.set("PROD", true);
  tf.tensor1d([0]).dispose();
  environment.set("PROD", before);
}

/** Always there; slow for networks. */
export async function openCpu(): Promise<Backend> {
  await tf.setBackend("cpu");
  quietStart();
  return new TfBackend(tf, "cpu");
}
