const { createClient } = require('redis');
const { Receiver } = require('rx-redis-receiver');
const consume = require('./consume.cjs');

void consume({ Receiver, createClient });
