# For the programs in this folder: finds deno, and how it is called. No configuration is looked for
# and nothing is downloaded, which saves two thirds of the start. Wants $root; sets $deno and $still.

deno=$(command -v deno) || {
  # npx would stand between us and a signal: it is only asked where its deno is.
  deno=$(npx -y deno@2.9.6 eval 'console.log(Deno.execPath())' 2>/dev/null)
} || {
  echo "${0##*/}: needs deno, or npx of Node.js to fetch it: https://deno.com" >&2
  exit 127
}
export DENO_NO_UPDATE_CHECK=1
still="--quiet --no-prompt --no-config --no-lock --no-npm --no-remote"
still="$still --import-map=$root/bin/import_map.json"
