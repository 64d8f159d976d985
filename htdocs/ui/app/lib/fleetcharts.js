// Which charts a host and an app have, from their series.
import { decimal, fillText, fullAt, percentage, rate, seriesOf, share, total } from './fleet.js';
import { bytes, count, ms } from './number.js';

/** @typedef {import('../part/linkedcharts.js').One} One @param {ReturnType<typeof seriesOf>} s @param {any} h @param {number} now ms @returns {One[]} */
export function hostCharts(s, h, now) {
    const limits = h.thresholds ?? {};
    const mounts = Object.keys(s.disks);
    const nics = Object.keys(s.nets);
    const columns = (/** @type {Record<string, any>} */ some) => ({ t: s.t, ...some });
    const pct = (/** @type {any} */ disk) => disk.used_pct ?? disk.pct ?? (disk.used && disk.total ? disk.used.map((/** @type {number|null} */ u, /** @type {number} */ i) => (u === null || !disk.total[i] ? null : (100 * u) / disk.total[i])) : []);
    const fills = mounts.map((mount) => [mount, fullAt(s.t, pct(s.disks[mount]))]).filter(([, at]) => at !== null);
    const parts = ['user', 'sys', 'io', 'steal'].filter((name) => s.cpu[name]);
    const memory = ['used', 'cache', 'swap'].filter((name) => (s.mem[name] ?? s.mem[`${name}_used`])?.some((/** @type {any} */ v) => v !== null));
    const memTotal = s.mem.total?.findLast?.((/** @type {any} */ v) => v !== null) ?? h.memory?.total;
    const two = (/** @type {string[]} */ names, /** @type {Record<string, any>} */ of, /** @type {[string, string, string][]} */ kinds) => Object.fromEntries(names.flatMap((name) => kinds.map(([field, , other]) => [`${name} ${field}`, of[name][field] ?? of[name][other] ?? []])));
    const io = two(mounts, s.disks, [['read', 'read', 'read_bps'], ['write', 'write', 'write_bps']]);
    const net = two(nics, s.nets, [['rx', 'in', 'rx_bps'], ['tx', 'out', 'tx_bps']]);
    /** @type {any[]} */
    const list = [
        { key: 'cpu', title: 'CPU', stacked: true, names: parts, max: 1, format: share, text: { sys: 'system', io: 'waiting for disks', steal: 'stolen' }, columns: columns({ ...s.cpu, total: total(parts.map((p) => s.cpu[p])) }) },
        { key: 'mem', title: 'Memory', stacked: true, names: memory, format: bytes, max: memTotal ? memTotal * 1.02 : undefined, text: { swap: 'swap' }, limits: limits.memory && memTotal ? [{ at: (memTotal * limits.memory) / 100, text: 'warns at' }] : undefined, note: memTotal ? `of ${bytes(memTotal)}` : '',
            columns: columns({ used: s.mem.used, cache: s.mem.cache, swap: s.mem.swap ?? s.mem.swap_used }) },
        { key: 'load', title: 'Load', names: ['1', '5', '15'], text: { 1: '1 min', 5: '5 min', 15: '15 min' }, format: decimal, limits: h.cores ? [{ at: limits.load ? limits.load * h.cores : h.cores, text: limits.load ? 'warns at' : 'cores' }] : undefined, columns: columns({ 1: s.load['1'] ?? s.load.load1 ?? s.load[0], 5: s.load['5'] ?? s.load.load5, 15: s.load['15'] ?? s.load.load15 }) },
        { key: 'disk', title: 'Disk use', names: mounts, max: 100, format: percentage, limits: [{ at: limits.disk ?? 90, text: 'warns at' }], note: fills.map(([mount, at]) => `${mount} ${fillText(/** @type {number} */ (at), now)}`).join(', '), columns: columns(Object.fromEntries(mounts.map((m) => [m, pct(s.disks[m])]))) },
        { key: 'io', title: 'Disk traffic', names: Object.keys(io).filter((n) => io[n].length), format: rate, columns: columns(io) },
        { key: 'net', title: 'Network', names: Object.keys(net).filter((n) => net[n].length), text: Object.fromEntries(nics.flatMap((n) => [[`${n} rx`, `${n} in`], [`${n} tx`, `${n} out`]])), format: rate, columns: columns(net) },
        ...(Object.values(s.pressure).some((c) => /** @type {any[]} */ (c)?.some((v) => v !== null)) ? [{ key: 'pressure', title: 'Pressure, share of time lost', names: ['cpu', 'memory', 'io'], format: percentage, text: { io: 'disks' }, columns: columns(s.pressure) }] : []),
    ];
    return list.filter((one) => one.names.length);
}

/** @param {ReturnType<typeof seriesOf> & {all: any}} s @param {any} a @returns {One[]} */
export function appCharts(s, a) {
    const c = s.all;
    const columns = (/** @type {Record<string, any>} */ some) => ({ t: s.t, ...some });
    const one = (/** @type {string} */ key, /** @type {string} */ title, /** @type {any} */ column, /** @type {any} */ format, /** @type {Partial<One>} */ more = {}) => ({ key, title, names: [key], text: { [key]: title.toLowerCase() }, format, columns: columns({ [key]: column }), ...more });
    return [
        one('cpu', 'CPU, of one core', Array.isArray(c.cpu) ? c.cpu : c.cpu?.total, share),
        one('mem', 'Memory', Array.isArray(c.mem) ? c.mem : c.memory, bytes, { limits: a.memory_max ? [{ at: a.memory_max, text: 'limit' }] : undefined }),
        one('health_ms', 'Health check', c.health_ms, ms), one('restarts', 'Restarts', c.restarts, count), one('fds', 'Open files', c.fds, count), one('tasks', 'Tasks', c.tasks, count),
    ].filter((chart) => chart.columns[chart.key]?.some((/** @type {any} */ v) => v !== null && v !== undefined));
}
