# SPDX-License-Identifier: GPL-2.0-or-later
#
# Completion for fish: the program itself knows what may come.

function __halfopen_complete
    set -l words (commandline -opc)
    set -l program $words[1]
    set -e words[1]
    set -l current (commandline -ct)
    for candidate in ($program complete $words "$current" 2>/dev/null)
        switch $candidate
            case :files
                __fish_complete_path "$current"
            case :folders
                __fish_complete_directories "$current" ''
            case '*'
                echo $candidate
        end
    end
end

complete -c halfopen -f -a '(__halfopen_complete)'
