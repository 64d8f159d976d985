// The rules of daily-summary.json as a script: what a site without Tocsin runs. Reads each day's file
// at once, a line at a time through JSON.parse, and keeps the readings by service and day.
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'

const [dir, asOf, window] = process.argv.slice(2)
const now = new Date(asOf)
const services = new Map()

function textOf(day) {
    const path = `${dir}/archives/${day.slice(0, 4)}/${day.slice(5, 7)}/history-${day}.jsonl`
    if (existsSync(path)) return readFileSync(path, 'utf8')
    return existsSync(`${path}.gz`) ? gunzipSync(readFileSync(`${path}.gz`)).toString('utf8') : ''
}

for (let back = 0; back < Number(window); back++) {
    const day = new Date(now.getTime() - back * 86_400_000).toISOString().slice(0, 10)
    for (const line of textOf(day).split('\n')) {
        if (!line.trim()) continue
        let reading
        try {
            reading = JSON.parse(line)
        } catch {
            continue
        }
        if (!services.has(reading.svc)) services.set(reading.svc, new Map())
        const days = services.get(reading.svc)
        if (!days.has(day)) days.set(day, [])
        days.get(day).push(reading)
    }
}

function entry(date, readings) {
    readings.sort((a, b) => a.t - b.t)
    const passed = readings.filter((r) => r.state === 'up' || r.state === 'maintenance').length
    const ms = readings.filter((r) => r.state === 'up').map((r) => r.lat)
    const rising = [...ms].sort((a, b) => a - b)
    return {
        date,
        uptimePct: passed / readings.length,
        avgLatencyMs: ms.length ? Math.round(ms.reduce((sum, one) => sum + one, 0) / ms.length) : null,
        p95LatencyMs: ms.length ? rising[Math.max(0, Math.ceil(ms.length * 0.95) - 1)] : null,
        checksTotal: readings.length,
        checksPassed: passed,
        incidentCount: readings.filter((r, i) => i && r.state === 'down' && readings[i - 1].state === 'up').length,
    }
}

const names = [...services.keys()].sort()
const summary = {
    version: 1,
    lastUpdated: now.toISOString(),
    windowDays: Number(window),
    services: Object.fromEntries(names.map((name) => [name,
        [...services.get(name)].sort(([a], [b]) => (a < b ? 1 : -1)).map(([day, readings]) => entry(day, readings))])),
}
writeFileSync(`${dir}/daily-summary.tmp`, JSON.stringify(summary, null, 2))
renameSync(`${dir}/daily-summary.tmp`, `${dir}/daily-summary.json`)
