import { Counter, type Registry } from '@prometheus-io/client';

/** A counter without labels that is kept elsewhere and read when it is asked for. */
export function counterOf(registry: Registry, name: string, help: string, read: () => number): void {
  new Counter({
    name,
    help,
    registers: [registry],
    collect() {
      this.reset();
      this.inc(read());
    },
  });
}
