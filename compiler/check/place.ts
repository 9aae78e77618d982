// Owns: what the language itself makes visible at each place: points, quantities, views, counters, words. A place says
// how quantities and views are read there, so that a message can tell the right way.

import { counters, namedQuantities } from "../graph/quantity.js";

/** How quantities and views are read: at a point (`sigma[s]`), bare (`sigma`), either way, or not at all. */
export type Reading = "indexed" | "bare" | "either" | "none";

export interface Place {
  /** For messages: "in a solver". */
  readonly where: string;
  readonly points: ReadonlySet<string>;
  readonly quantities: Reading;
  readonly views: Reading;
  readonly counters: ReadonlySet<string>;
  /** Further words with a meaning here. */
  readonly words: ReadonlySet<string>;
  /** Verbs and calls of networks. */
  readonly acts: boolean;
  /** A name at a point may be an extra result of the sampler's network. */
  readonly outputs: boolean;
}

const none: ReadonlySet<string> = new Set();
const set = (...items: readonly string[]): ReadonlySet<string> => new Set(items);

const nothing: Place = {
  where: "here",
  points: none,
  quantities: "none",
  views: "none",
  counters: none,
  words: none,
  acts: false,
  outputs: false,
};

export const solverPlace: Place = {
  where: "in a solver",
  points: set("s", "t", "start", "end", "clean"),
  quantities: "indexed",
  views: "indexed",
  counters: new Set(counters),
  words: none,
  acts: true,
  outputs: true,
};

export const populationPlace: Place = { ...solverPlace, words: set("population") };

export const schedulePlace: Place = {
  ...nothing,
  where: "in a schedule",
  points: none,
  quantities: "either",
  views: "bare",
};

export const scheduleInitPlace: Place = {
  ...schedulePlace,
  where: "in `init`",
  points: set("start", "end"),
  views: "either",
};

export const parameterizationPlace: Place = {
  ...nothing,
  where: "in a parameterization",
  quantities: "bare",
  views: "bare",
};

export const guidancePlace: Place = {
  where: "in a guidance rule",
  points: set("now", "past", "start"),
  quantities: "bare",
  views: "bare",
  counters: new Set(counters),
  words: none,
  acts: true,
  outputs: false,
};

export const gridPlace: Place = {
  ...nothing,
  where: "in a grid",
  points: set("start", "end"),
  quantities: "indexed",
  counters: set("steps"),
};

/** Parts, parameters and `let`s of a sampler. */
export const samplerPlace: Place = { ...nothing, where: "in a sampler" };

/** What a `model` line tells the network. */
export const networkPlace: Place = {
  ...nothing,
  where: "in a `model` line",
  quantities: "bare",
  views: "bare",
  counters: new Set(counters),
};

export const initPlace: Place = { ...solverPlace, where: "in `init`", points: set("start", "end", "clean") };

export const outputPlace: Place = {
  ...solverPlace,
  where: "in the output",
  points: set("start", "end", "clean"),
};

export const switchPlace: Place = {
  ...nothing,
  where: "in this condition",
  points: set("s", "t", "start", "end"),
  quantities: "indexed",
  counters: new Set(counters),
};

/** `requires`, `over:`, the clock of a Brownian path: quantities without a point. */
export const coordinatePlace = (place: Place): Place => ({
  ...place,
  quantities: place.quantities === "indexed" || place.quantities === "none" ? "either" : place.quantities,
});

/** What stands after `on` in a claim. */
export const claimPlace: Place = {
  ...nothing,
  where: "in a claim",
  points: set("s", "t", "start", "end", "clean"),
  quantities: "either",
  views: "indexed",
  counters: new Set(counters),
  words: set("generic", "ratios", "smooth", "uniform", "coefficient_limits"),
};

export const tableauPlace: Place = {
  ...solverPlace,
  where: "in a tableau",
  words: set(...Array.from({ length: 10 }, (_, i) => `phi${i}`)),
};

export const noisePlace = (place: Place): Place => ({
  ...place,
  words: new Set([...place.words, "normal", "rademacher", "gumbel", "beta"]),
  views: place.views === "none" ? "bare" : place.views,
});

/** Token spaces have their own state and predictions. */
export const tokenPlace = (place: Place): Place => ({
  ...place,
  words: new Set([...place.words, "token", "p", "mask_id"]),
});

export const baseViews: readonly string[] = ["x", "x0", "eps", "raw"];
export const isQuantity = (name: string): boolean => namedQuantities.has(name);
export const allPoints: ReadonlySet<string> = set("s", "t", "start", "end", "clean", "now", "past");
export const verbNames: ReadonlySet<string> = set("jump", "renoise", "integrate");

/** Words of the language that a place offers, for suggestions. */
export function wordsOf(place: Place): readonly string[] {
  return [
    ...place.points,
    ...place.counters,
    ...place.words,
    ...(place.quantities === "none" ? [] : namedQuantities),
    ...(place.views === "none" ? [] : baseViews),
    ...(place.acts ? [...verbNames, "model", "network"] : []),
  ];
}
