-- nrprof.tool_count - which methods of a directory of assemblies each rule counts for. Not for scripts of the profiler.

local tool = require "nrprof.tool"

local M = {}

-- Asks the profiler for every method of every assembly in the directory. Returns
--   found[id] = list of { assembly, class, method, parameters?, module, token } by the rule's id
--   assemblies: list of { name, path, module }
function M.count(l, directory)
  local found, assemblies = {}, {}
  local files = tool.files(directory, ".dll", ".exe")
  if #files == 0 then tool.fail("%s: no assembly (*.dll, *.exe) in it", directory) end
  for _, path in ipairs(files) do
    local module = l:load(path)
    if module then -- else it is a native library
      local name = l:assembly(module)
      assemblies[#assemblies + 1] = { name = name, path = path, module = module }
      for row = 1, l:count(module) do
        local token = 0x06000000 | row
        local id = l:rule(module, token)
        if id then
          found[id] = found[id] or {}
          table.insert(found[id], { assembly = name, class = l:type(module, token), method = l:name(module, token), module = module,
            token = token })
        end
      end
    end
  end
  return found, assemblies
end

return M
