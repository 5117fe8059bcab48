// The whole table of the ways out of an unchanged job, and what a Collector has of it then.
import { test } from 'vitest';
import { expectLeft, WAYS } from './leaves.ts';

test.each(Object.keys(WAYS))('%s: 1000 of 1000 spans and lines arrive, once, all of the run', expectLeft);
