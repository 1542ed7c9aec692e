import * as all from 'rx-redis-receiver/nestjs';

type Entry = Readonly<Record<string, unknown>>;

const load = (entry: string): Entry => {
  let loaded: Entry = {};
  jest.isolateModules(() => (loaded = jest.requireActual<Entry>(`rx-redis-receiver/nestjs${entry}`)));
  return loaded;
};

describe('The entry points for NestJS', () => {
  afterEach(() => jest.dontMock('@nestjs/microservices'));

  it('are one for the module, one for microservices, and one with both', () => {
    const modules = Object.keys(load('/module')).sort();
    const microservices = Object.keys(load('/microservice')).sort();
    expect(modules).toEqual([
      'InjectReceiver',
      'ReceiverHealthIndicator',
      'ReceiverModule',
      'getReceiverToken',
    ]);
    expect(microservices).toEqual(['ReceiverStrategy']);
    expect(Object.keys(all).sort()).toEqual([...modules, ...microservices].sort());
  });

  it('require @nestjs/microservices only for microservices', () => {
    jest.doMock('@nestjs/microservices', () => {
      throw new Error('It is not installed.');
    });
    expect(() => load('/microservice')).toThrow('It is not installed.');
    expect(() => load('/module')).not.toThrow();
  });
});
