/** "Firefox on Linux" out of a browser's long name. @param {string|null|undefined} agent */
export function agentName(agent) {
    if (!agent) return 'Unknown';
    const browser = [['Edg/', 'Edge'], ['OPR/', 'Opera'], ['Firefox/', 'Firefox'], ['Chrome/', 'Chrome'], ['Safari', 'Safari'], ['curl/', 'curl'], ['python-requests', 'Python']].find(([mark]) => agent.includes(mark))?.[1];
    const system = [['iPhone', 'iPhone'], ['iPad', 'iPad'], ['Android', 'Android'], ['Windows', 'Windows'], ['Mac OS X', 'macOS'], ['CrOS', 'ChromeOS'], ['Linux', 'Linux']].find(([mark]) => agent.includes(mark))?.[1];
    if (!browser) return agent.slice(0, 40);
    return system ? `${browser} on ${system}` : browser;
}
