// Owns: pictures of samples: grids of images and scatter plots, as PNG bytes. Knows arrays, no files.

import { encode } from "fast-png";
import { fail } from "../../compiler/diagnostics/report.js";
import type { HostTensor } from "../backend.js";
import { hostMaxAbs } from "../backends/hostReduce.js";
import { showShape } from "../shapes.js";

export interface GridOptions {
  /** Default: the smallest square that holds all. */
  readonly columns?: number | undefined;
  /** Pixels between images; default 0. */
  readonly gap?: number | undefined;
}

/** Grey level of a value in [-1, 1]: the inverse of p / 127.5 - 1, rounded and clipped. */
const level = (value: number): number => Math.min(255, Math.max(0, Math.round((value + 1) * 127.5)));

/**
 * Images of shape [n, h, w], [n, 1, h, w] (grey) or [n, 3, h, w] (RGB) with values in [-1, 1], row by row; the
 * background is black. Throws D0703 for other shapes.
 */
export function imageGrid({ data, shape }: HostTensor, options: GridOptions = {}): Uint8Array {
  const [count = 0, channels, height, width] = shape.length === 3 ? [shape[0], 1, shape[1], shape[2]] : shape;
  if (shape.length > 4 || height === undefined || width === undefined || (channels !== 1 && channels !== 3)) {
    return fail("D0703", `samples of shape ${showShape(shape.slice(1))} are not images`, {
      help: "images have the shape [1, height, width] or [3, height, width]",
    });
  }
  const gap = options.gap ?? 0;
  const columns = Math.max(1, Math.min(count, options.columns ?? Math.ceil(Math.sqrt(count))));
  const rows = Math.max(1, Math.ceil(count / columns));
  const totalWidth = columns * (width + gap) - gap;
  const totalHeight = rows * (height + gap) - gap;
  const pixels = new Uint8Array(totalWidth * totalHeight * channels);
  for (let n = 0; n < count; n++) {
    const left = (n % columns) * (width + gap);
    const top = Math.floor(n / columns) * (height + gap);
    for (let c = 0; c < channels; c++) {
      for (let y = 0; y < height; y++) {
        const from = ((n * channels + c) * height + y) * width;
        const to = (top + y) * totalWidth + left;
        for (let x = 0; x < width; x++) pixels[(to + x) * channels + c] = level(data[from + x]!);
      }
    }
  }
  return encode({ width: totalWidth, height: totalHeight, data: pixels, channels, depth: 8 });
}

export interface ScatterOptions {
  /** Edge of the square picture in pixels; default 512. */
  readonly size?: number | undefined;
  /** Half the edge in data units; default: what holds all points. */
  readonly extent?: number | undefined;
}

/**
 * Points of shape [n, 2] as dots on white, the origin in the middle, y upwards; denser is darker. Throws D0703 for
 * other shapes.
 */
export function scatterPlot({ data, shape }: HostTensor, options: ScatterOptions = {}): Uint8Array {
  const [count = 0, size] = shape;
  if (shape.length !== 2 || size !== 2) {
    return fail("D0703", `samples of shape ${showShape(shape.slice(1))} are not points in the plane`);
  }
  const edge = options.size ?? 512;
  const largest = hostMaxAbs(data);
  const extent = options.extent ?? (largest > 0 ? largest * 1.05 : 1);
  const pixels = new Uint8Array(edge * edge).fill(255);
  const place = (value: number): number => Math.floor(((value / extent + 1) / 2) * edge);
  for (let n = 0; n < count; n++) {
    const column = place(data[2 * n]!);
    const row = edge - 1 - place(data[2 * n + 1]!);
    for (let y = row - 1; y <= row + 1; y++) {
      for (let x = column - 1; x <= column + 1; x++) {
        if (x < 0 || y < 0 || x >= edge || y >= edge) continue;
        const at = y * edge + x;
        pixels[at] = Math.round(pixels[at]! * (x === column && y === row ? 0.4 : 0.7));
      }
    }
  }
  return encode({ width: edge, height: edge, data: pixels, channels: 1, depth: 8 });
}
