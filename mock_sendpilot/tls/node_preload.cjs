// Runs first in each Node below `mock-sendpilot exec`: clients ignore proxies there.
"use strict";

const net = require("net");

const [host, target] = (process.env.MOCK_SENDPILOT_REDIRECT || "").split("=");

if (target) {
  const [address, port] = target.split(":");
  const { connect } = net.Socket.prototype;

  net.Socket.prototype.connect = function (...args) {
    const normalized = Array.isArray(args[0]) ? args[0] : net._normalizeArgs(args);
    const options = normalized[0];
    if (options && String(options.host).toLowerCase() === host) {
      normalized[0] = { ...options, host: address, port: Number(port) };
    }
    return connect.call(this, normalized);
  };
}
