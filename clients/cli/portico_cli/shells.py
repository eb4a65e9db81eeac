"""How shells ask what a line may become, and take the answer: as click has it, but for what places and keys need."""

from __future__ import annotations

import os

from click.shell_completion import BashComplete, FishComplete, ZshComplete, add_completion_class, split_arg_string

_LINE = "-1"
_BASH = """\
%(complete_func)s() {
    local line="${COMP_LINE:0:COMP_POINT}" response completion type value typed=""
    # The whole line: bash takes words apart at colons, and replaces only what stands behind the last one.
    response=$(env COMP_WORDS="$line" COMP_CWORD=-1 %(complete_var)s=bash_complete "$1")
    local begun="${line##*[[:space:]]}"
    if [[ "$begun" == *:* && "$COMP_WORDBREAKS" == *:* ]]; then typed="${begun%%"${begun##*:}"}"; fi
    COMPREPLY=()
    while IFS= read -r completion; do
        type="${completion%%%%,*}" value="${completion#*,}"
        case "$type" in
            dir) compopt -o dirnames 2>/dev/null ;;
            file) compopt -o default 2>/dev/null ;;
            plain)
                value=$(printf %%q "$value")
                COMPREPLY+=("${value#"$typed"}")
                [[ "$value" != */ ]] || compopt -o nospace 2>/dev/null
                ;;
        esac
    done <<< "$response"
    return 0
}
complete -o nosort -F %(complete_func)s %(prog_name)s
"""


_ZSH = """\
#compdef %(prog_name)s

%(complete_func)s() {
    local -a plain folders described response
    local type key told
    (( ! $+commands[%(prog_name)s] )) && return 1
    response=("${(@f)$(env COMP_WORDS="${words[*]}" COMP_CWORD=$((CURRENT-1)) \\
        %(complete_var)s=zsh_complete %(prog_name)s)}")
    for type key told in ${response}; do
        case "$type" in
            dir) _path_files -/ ;;
            file) _path_files -f ;;
            plain)
                if [[ "$told" != "_" ]]; then
                    described+=("$key":"$told")
                elif [[ "$key" == */ ]]; then
                    folders+=("$key")
                else
                    plain+=("$key")
                fi
                ;;
        esac
    done
    (( $#described )) && _describe -V unsorted described -U
    # Behind a bucket or a folder one goes on: no space there.
    (( $#folders )) && compadd -U -V unsorted -S '' -a folders
    (( $#plain )) && compadd -U -V unsorted -a plain
    return 0
}

if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    %(complete_func)s "$@"
else
    compdef %(complete_func)s %(prog_name)s
fi
"""
_FISH = """\
function %(complete_func)s
    set -l asked COMP_WORDS=(commandline -cp) COMP_CWORD=(commandline -t)
    set -l response (env %(complete_var)s=fish_complete $asked %(prog_name)s)
    for completion in $response
        # At the first comma alone: keys have some, too.
        set -l parts (string split --max 1 "," $completion)
        switch $parts[1]
            case dir
                __fish_complete_directories $parts[2]
            case file
                __fish_complete_path $parts[2]
            case plain
                echo $parts[2]
        end
    end
end

complete --no-files --command %(prog_name)s --arguments "(%(complete_func)s)"
"""


class PorticoBash(BashComplete):
    """As click's for bash, for words with colons too: `portico://bucket/key`."""

    name = "bash"
    source_template = _BASH

    def get_completion_args(self) -> tuple[list[str], str]:
        if os.environ.get("COMP_CWORD") != _LINE:
            return super().get_completion_args()
        line = os.environ["COMP_WORDS"]
        words = split_arg_string(line)
        begun = words.pop() if len(words) > 1 and not line[-1:].isspace() else ""
        return words[1:], begun


class PorticoZsh(ZshComplete):
    """As click's for zsh, without a space behind buckets and folders."""

    source_template = _ZSH


class PorticoFish(FishComplete):
    """As click's for fish, for keys and sentences with commas too."""

    source_template = _FISH


def register() -> None:
    """Makes these the ones for their shells."""
    for kind in (PorticoBash, PorticoZsh, PorticoFish):
        add_completion_class(kind)
