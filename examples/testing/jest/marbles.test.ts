import { marbles } from 'rx-redis-receiver/testing';
import { hotSensors } from '../hot-sensors.js';

it('warns of hot sensors, and of no others', () => {
  marbles(({ receiver, publish, expectObservable, expectSubscribed }) => {
    publish('sensor:1', '                                            -a-b---', { a: '20', b: '95' });
    publish('sensor:2', '                                            -----c-', { c: '99' });
    expectObservable(hotSensors(receiver.pattern('sensor:*')), '     ^-----!').toBe('---b-c-', {
      b: 'sensor:1 has 95 degrees',
      c: 'sensor:2 has 99 degrees',
    });
    expectSubscribed('sensor:*', 'pattern').toBe('                   ^-----!');
  });
});
