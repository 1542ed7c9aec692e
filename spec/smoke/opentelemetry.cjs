const { metrics } = require('@opentelemetry/api');
const { json, Receiver } = require('rx-redis-receiver');
const { instrument, traced, traceLinks } = require('rx-redis-receiver/opentelemetry');
const useOpentelemetry = require('./use-opentelemetry.cjs');

useOpentelemetry({ metrics, json, instrument, traced, traceLinks, Receiver });
