// Loading, empty, failed, forbidden: the states that every page has.
import { html } from '../html.js';
import { Component } from '../../vendor/preact.js';
import { useEffect, useState } from '../../vendor/hooks.js';
import { href } from '../base.js';
import { Button, Copy } from './button.js';
import { Icon } from './icon.js';

/** Grey lines in the place of rows, after a moment: what comes at once needs none. @param {{rows?: number, label: string}} props */
export function Skeleton({ rows = 6, label }) {
    const [late, setLate] = useState(false);
    useEffect(() => {
        const timer = setTimeout(() => setLate(true), 150);
        return () => clearTimeout(timer);
    }, []);
    return html`<div class="card" aria-busy="true" role="status"><span class="sr">${label}</span>
        <ul class="bones" style=${{ visibility: late ? 'visible' : 'hidden' }} aria-hidden="true">${Array.from({ length: rows }, (_, i) => html`<li key=${i}>
            <span class="bone" style=${{ width: `${30 + ((i * 17) % 20)}%` }}></span><span class="bone" style=${{ width: '15%' }}></span>
            <span class="bone" style=${{ width: '20%' }}></span></li>`)}</ul></div>`;
}

/** @param {{icon?: import('./icon.js').IconName, title: string, children?: any}} props */
export const Empty = ({ icon = 'info', title, children }) => html`<div class="empty"><${Icon} name=${icon}/><h2>${title}</h2>${children}</div>`;

/**
 * What failed, with a way to go on. With old data on the page it is a banner above it.
 * @param {{error: import('../api.js').Problem|null, what: string, retry: () => unknown, old?: boolean}} props
 */
export function Failed({ error, what, retry, old }) {
    if (!error) return null;
    if (error.status === 403) return html`<${NoAccess} detail=${error.detail}/>`;
    return html`<div class="banner bad" role="alert"><${Icon} name="alert"/>
        <p><b>${what} could not be read.</b> ${error.detail || error.title}${old ? ' What you see is from before.' : ''}</p>
        <${Button} small onClick=${retry}>Try again<//>
        ${(error.status > 0 || error.requestId) && html`<p class="meta row tight">${error.status > 0 ? `Status ${error.status}` : ''}
            ${error.requestId && html`· request <code>${error.requestId}</code> <${Copy} text=${error.requestId}/>`}</p>`}</div>`;
}

/** @param {{need?: string, detail?: string}} props */
export const NoAccess = ({ need, detail }) => html`<div class="card"><${Empty} icon="shield" title="No access">
    <p>${need ? `This page needs the role “${need}”. Ask an administrator of this server.` : detail || 'Your role does not allow this.'}</p>
    <a class="btn" href=${href('dash/')}>To the dashboard</a><//></div>`;

/** @param {{onClear: () => void, text: string}} props */
export const NoMatch = ({ onClear, text }) => html`<${Empty} icon="search" title=${text}><${Button} onClick=${onClear}>Clear filters<//><//>`;

/** A page that fails while it draws says so; the frame stays. */
export class Boundary extends Component {
    constructor(/** @type {any} */ props) {
        super(props);
        this.state = { error: null };
    }

    static getDerivedStateFromError(/** @type {any} */ error) {
        return { error };
    }

    render() {
        const { error } = /** @type {any} */ (this.state);
        if (!error) return /** @type {any} */ (this.props).children;
        return html`<div class="card"><${Empty} icon="alert" title="This page failed"><p>${String(error.message ?? error)}</p>
            <div class="row"><${Button} kind="primary" onClick=${() => location.reload()}>Reload<//><${Copy} text=${String(error.stack ?? error)} label="Copy the details"/></div><//></div>`;
    }
}
