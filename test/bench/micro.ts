/** Measuring one operation of a pure module: CPU nanoseconds, the median of several rounds. */
const warmUp = 50_000;
const operationsPerRound = 200_000;
const rounds = 9;

/** Keeps results alive, so that no operation is optimised away. */
let sink = 0;

/** Prints the median; `operation` returns any number that depends on what it did. */
export function measure(name: string, operation: () => number): void {
  for (let index = 0; index < warmUp; index += 1) sink += operation();
  const times: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const started = process.cpuUsage();
    for (let index = 0; index < operationsPerRound; index += 1) sink += operation();
    const used = process.cpuUsage(started);
    times.push(((used.user + used.system) * 1_000) / operationsPerRound);
  }
  times.sort((a, b) => a - b);
  console.log(`${name.padEnd(48)} ${Math.round(times[Math.floor(rounds / 2)] ?? 0)} ns/op${sink === 1 ? ' ' : ''}`);
}
