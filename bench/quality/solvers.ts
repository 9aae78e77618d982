// Owns: what is compared: the solvers, the budgets of network calls, the guidance.

export interface Contestant {
  readonly name: string;
  /** As in a `solver` line. */
  readonly solver: string;
  /** Network calls a step. */
  readonly calls: number;
  /** Draws noise, so that it follows no trajectory of the flow. */
  readonly noise?: boolean;
}

export const contestants: readonly Contestant[] = [
  { name: "DDIM", solver: "ddim", calls: 1 },
  { name: "DPM-Solver-2", solver: "dpm_solver_2", calls: 2 },
  { name: "DPM-Solver++(2M)", solver: "dpmpp_2m", calls: 1 },
  { name: "DPM-Solver++(3M), as published", solver: "dpmpp_3m", calls: 1 },
  { name: "DPM-Solver++(3M), repaired", solver: "dpmpp_3m_exact", calls: 1 },
  { name: "DEIS (rho-AB, 3 points)", solver: "deis_rhoab(k: 3)", calls: 1 },
  { name: "UniPC-2", solver: "unipc(p: 2)", calls: 1 },
  { name: "UniPC-3", solver: "unipc(p: 3)", calls: 1 },
  { name: "SA-Solver (tau = 1)", solver: "sa_solver", calls: 1, noise: true },
  { name: "Euler ancestral", solver: "euler_ancestral", calls: 1, noise: true },
];

export const budgets = [5, 10, 20, 50] as const;

/** Scale of classifier-free guidance; 1 is the conditional network alone. */
export const scales = [1, 2.5] as const;

/** One run of 1,000 samples. */
export interface Row {
  readonly name: string;
  readonly scale: number;
  readonly budget: number;
  /** Calls made a sample; guided predictions count once. */
  readonly nfe: number;
  /** Root mean square distance to the reference, from the same noise. */
  readonly rms: number;
  /** Frechet distance of features, of samples clipped to [-1, 1] and as they are. */
  readonly frechet: number;
  readonly frechetRaw: number;
  /** Share of samples that the classifier gives their label. */
  readonly agreement: number;
}

export interface Results {
  readonly date: string;
  readonly count: number;
  readonly reference: { readonly solver: string; readonly steps: number };
  readonly rows: readonly Row[];
  /** The reference itself, by scale. */
  readonly references: readonly Row[];
}
