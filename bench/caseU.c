// Owns: case U as a C loop. Reads lines "u n repeats" and answers with milliseconds of processor time a
// call.
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double used(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return t.tv_sec * 1e3 + t.tv_nsec * 1e-6;
}

__attribute__((noinline)) static void update(float *restrict out, const float *restrict x, const float *restrict u,
                                             const float *restrict c, const float *restrict e1,
                                             const float *restrict z, long n, float w, float a, float b, float k,
                                             float d) {
  for (long i = 0; i < n; i++) {
    float e0 = u[i] + w * (c[i] - u[i]);
    out[i] = a * x[i] + b * e0 + k * e1[i] + d * z[i];
  }
}

int main(void) {
  char what[16];
  long n, repeats, size = 0;
  float *data[6] = {0};
  while (scanf("%15s %ld %ld", what, &n, &repeats) == 3) {
    if (n != size) {
      for (int i = 0; i < 6; i++) {
        free(data[i]);
        data[i] = malloc(n * sizeof(float));
        for (long j = 0; j < n; j++) data[i][j] = (float)((j * 7 + i * 3) % 1000) / 500 - 1;
      }
      size = n;
    }
    double start = used();
    for (long r = 0; r < repeats; r++)
      update(data[5], data[0], data[1], data[2], data[3], data[4], n, 7.5f, 0.9f, 0.1f, 0.2f, 0.3f);
    printf("%.9f\n", (used() - start) / repeats);
    fflush(stdout);
  }
  return 0;
}
