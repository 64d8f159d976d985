#!/usr/bin/env bash
# push.sh: commits a folder of status data and pushes it, whoever else pushes meanwhile.
#
#   push.sh [--dir DIR] [--branch BRANCH] [--message TEXT | --message-file FILE] [--attempts N]
#           [--window DAYS]
#
# What others have pushed is never overwritten. Archives only grow by lines, so those of both
# sides are kept; what follows from the archives is made anew by `tocsin status-data rebuild`;
# of other files the pushed one stays. 0: pushed, or nothing to push; 1: given up.
set -euo pipefail

dir=status-data branch='' message='Update status data [skip ci]' attempts=6 window=90
tocsin=${TOCSIN:-tocsin}

say() { printf '%s\n' "push.sh: $*" >&2; }
usage() {
    say "$*"
    sed -n '4,5s/^# *//p' "$0" >&2
    exit 2
}

while [ $# -gt 0 ]; do
    [ $# -ge 2 ] || usage "$1 needs a value"
    case $1 in
    --dir) dir=${2%/} ;;
    --branch) branch=$2 ;;
    --message) message=$2 ;;
    --message-file) message=$(cat -- "$2") ;;
    --attempts) attempts=$2 ;;
    --window) window=$2 ;;
    *) usage "unknown flag '$1'" ;;
    esac
    shift 2
done
[[ $attempts =~ ^[1-9][0-9]*$ ]] || usage "--attempts '$attempts': no number"
[ -n "$message" ] || message='Update status data [skip ci]'
[ -d "$dir" ] || { say "there is no folder '$dir'"; exit 1; }
top=$(git rev-parse --show-toplevel)
inside=$(cd "$dir" && git rev-parse --show-prefix) # 'data/status-data/', seen from the top
inside=${inside%/}
[ -n "$branch" ] || branch=$(git symbolic-ref -q --short HEAD) || usage 'no branch is checked out: name one with --branch'
export GIT_AUTHOR_NAME=${GIT_AUTHOR_NAME:-tocsin} GIT_AUTHOR_EMAIL=${GIT_AUTHOR_EMAIL:-tocsin@users.noreply.invalid}
export GIT_COMMITTER_NAME=${GIT_COMMITTER_NAME:-$GIT_AUTHOR_NAME} GIT_COMMITTER_EMAIL=${GIT_COMMITTER_EMAIL:-$GIT_AUTHOR_EMAIL}
export GIT_EDITOR=true

stage() {
    git -C "$top" add -A -- "$inside" ":(exclude)$inside/.*" ":(exclude)$inside/**/.*"
}

# Lines of both sides for the archives; nothing is a conflict there.
attributes() {
    local file
    file=$(git rev-parse --git-path info/attributes)
    mkdir -p "$(dirname "$file")"
    grep -qsF 'archives/**/*.jsonl merge=union' "$file" || printf '%s\n' '**/archives/**/*.jsonl merge=union' >>"$file"
}

# A rebase that stops: archives are ours (a day that was compressed there keeps our plain file
# beside its gz, and both are read), all else is as it was pushed.
resolve() {
    local path code
    while IFS= read -r -d '' entry; do
        code=${entry:0:2} path=${entry:3}
        case $code in
        DD | AU | UD | UA | DU | AA | UU) ;;
        *) continue ;;
        esac
        case $path in
        "$inside"/archives/* | "$inside"/*/archives/*) git -C "$top" checkout -q --theirs -- "$path" 2>/dev/null || : ;;
        *) git -C "$top" checkout -q --ours -- "$path" 2>/dev/null || : ;;
        esac
        if [ -e "$top/$path" ]; then
            git -C "$top" add -- "$path"
        else
            git -C "$top" rm -q --cached --ignore-unmatch -- "$path"
        fi
    done < <(git -C "$top" status --porcelain -z --no-renames)
}

onto_theirs() {
    git rebase -q FETCH_HEAD 2>/dev/null && return
    local turn
    for turn in {1..20}; do
        resolve
        git rebase --continue >/dev/null 2>&1 && return
        [ -d "$(git rev-parse --git-path rebase-merge)" ] || return 0
        if git diff --cached --quiet; then
            git rebase --skip >/dev/null 2>&1 && return
        fi
    done
    say "the rebase did not end after $turn turns"
    git rebase --abort || :
    return 1
}

rebuild() {
    "$tocsin" status-data rebuild --output-dir "$dir" --window "$window"
    stage
    git diff --cached --quiet || git commit -q --amend --no-edit
}

stage
if git diff --cached --quiet; then
    if ! git rev-parse -q --verify "origin/$branch" >/dev/null || git diff --quiet "origin/$branch" HEAD; then
        say 'nothing has changed'
        exit 0
    fi
else
    git commit -q -m "$message"
fi
attributes

said=$(mktemp)
trap 'rm -f "$said"' EXIT
for ((n = 1; n <= attempts; n++)); do
    if git push -q origin "HEAD:refs/heads/$branch" 2>"$said"; then
        say "pushed to $branch (attempt $n)"
        exit 0
    fi
    [ "$n" -lt "$attempts" ] || break
    # somebody else was first: a moment that grows, so that two do not meet again
    sleep "$(awk -v n="$n" -v r="$RANDOM" -v m="${PUSH_WAIT:-1}" 'BEGIN { printf "%.2f", m * (n + r / 32768) }')"
    git fetch -q origin "$branch" 2>/dev/null || continue
    onto_theirs
    rebuild
done
say "given up after $attempts attempts: $(tail -n 3 "$said" | tr '\n' ' ')"
exit 1
