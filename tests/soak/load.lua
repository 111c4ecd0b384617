-- For wrk: an even, light load, and every answer is looked at. Prints "soak answers GOOD BAD".
local pause = tonumber(os.getenv "SOAK_PAUSE_MS" or "") or 25
local threads = {}

function setup(thread)
  threads[#threads + 1] = thread
end

function init()
  good, bad = 0, 0 -- read by done(), through the thread
end

function delay() return pause end

function response(status, _, body)
  if status == 200 and body == "hello 3" then good = good + 1 else bad = bad + 1 end
end

function done()
  local right, wrong = 0, 0
  for _, thread in ipairs(threads) do
    right, wrong = right + thread:get "good", wrong + thread:get "bad"
  end
  print(("soak answers %d %d"):format(right, wrong))
end
