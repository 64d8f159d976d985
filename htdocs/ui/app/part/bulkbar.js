// What is done to all selected monitors, with a word before what is not easily taken back.
import { html } from '../html.js';
import { useState } from '../../vendor/hooks.js';
import { post } from '../api.js';
import { count, plural } from '../lib/number.js';
import { bulk, pause, remove } from '../store/actions.js';
import { selected, shown } from '../store/view.js';
import { toast, toastProblem } from '../store/toasts.js';
import { Button } from './button.js';
import { closeDialog, confirmDialog, Dialog, openDialog } from './dialog.js';
import { Field, Select } from './field.js';
import { INTERVALS } from '../lib/time.js';

const TYPED_FROM = 10;

export function BulkBar() {
    const ids = [...selected.value];
    if (!ids.length) return null;
    const clear = () => { selected.value = new Set(); };
    const all = shown.value.length;
    function askDelete() {
        if (ids.length === 1) return remove(ids).then(clear);
        confirmDialog({ title: `Delete ${plural(ids.length, 'monitor')}?`, text: 'Their history and their open incidents go with them. They can be restored for 7 days.', action: 'Delete',
            typed: ids.length > TYPED_FROM ? String(ids.length) : undefined, run: () => remove(ids).then(clear) });
    }
    return html`<div class="bulk" role="region" aria-label="Selection"><b>${count(ids.length)} selected</b>
        ${ids.length < all && html`<${Button} small kind="quiet" onClick=${() => { selected.value = new Set(shown.peek().map((row) => row.id)); }}>Select all ${count(all)}<//>`}
        <span class="grow"></span>
        <${Button} small onClick=${() => pause(ids, true)}>Pause<//><${Button} small onClick=${() => pause(ids, false)}>Resume<//>
        <${Button} small onClick=${() => openDialog(() => html`<${SetDialog} ids=${ids} what="group"/>`)}>Group…<//>
        <${Button} small onClick=${() => openDialog(() => html`<${SetDialog} ids=${ids} what="tags"/>`)}>Tags…<//>
        <${Button} small onClick=${() => openDialog(() => html`<${SetDialog} ids=${ids} what="interval"/>`)}>Interval…<//>
        <${Button} small kind="danger" onClick=${askDelete}>Delete<//><${Button} small kind="quiet" icon="close" label="Clear the selection" onClick=${clear}/></div>`;
}

const TITLES = { group: 'Group', tags: 'Tags', interval: 'Interval' };

/** @param {{ids: number[], what: 'group'|'tags'|'interval'}} props */
function SetDialog({ ids, what }) {
    const [value, setValue] = useState(what === 'interval' ? '60' : '');
    const [preview, setPreview] = useState('');
    const args = () => ({ [what]: what === 'interval' ? Number(value) : what === 'tags' ? value.split(/[\s,]+/).filter(Boolean) : value.trim() });
    async function look() {
        try {
            const answer = await post('/monitors/bulk', { op: 'set', ids, args: args(), dry_run: true });
            setPreview(`${plural(answer.matched, 'monitor')}: ${what} becomes ${what === 'interval' ? `${value} s` : `“${value.trim()}”`}${answer.failed?.length ? `; ${answer.failed.length} cannot take it` : ''}`);
        } catch (error) {
            toastProblem(error, 'The preview failed');
        }
    }
    async function apply() {
        try {
            const answer = await bulk('set', ids, args());
            toast(`${plural(answer.done, 'monitor')} changed`, { kind: 'good' });
            closeDialog();
        } catch (error) {
            toastProblem(error, 'They could not be changed');
        }
    }
    return html`<${Dialog} title=${`${TITLES[what]} of ${plural(ids.length, 'monitor')}`} onSubmit=${apply}>
        ${what === 'interval' ? html`<${Select} label="Check every" value=${value} onChange=${setValue} options=${INTERVALS}/>`
            : html`<${Field} label=${TITLES[what]} value=${value} onInput=${setValue} help=${what === 'tags' ? 'Words with spaces between; they replace the tags of before.' : 'Empty takes them out of their group.'}/>`}
        <p role="status" class="soft">${preview}</p>
        <footer><${Button} onClick=${look}>Preview<//><${Button} kind="primary" onClick=${apply}>Apply<//></footer><//>`;
}
