-- SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- Writes every stanza of every client connection to a file, one a line, as
-- the server sees it behind TLS. Test code: a server that does this is the
-- adversary that the end-to-end encryption is for. Another file has the time of each
-- stanza, in seconds since 1970, one a line as well.

module:set_global();

local filters = require "util.filters";
local now = require "util.time".now;

local path = assert(module:get_option_string("wire_log"), "wire_log is not set");
local file = assert(io.open(path, "a"));
file:setvbuf("line");

local times_path = assert(module:get_option_string("wire_times"), "wire_times is not set");
local times = assert(io.open(times_path, "a"));
times:setvbuf("line");

local function write(direction, session, stanza)
	if stanza and stanza.name then
		local who = session.full_jid or session.username or "?";
		local text = tostring(stanza):gsub("[\r\n]", " ");
		file:write(direction, " ", who, " ", text, "\n");
		times:write(string.format("%.3f\n", now()));
	end
	return stanza;
end

local function watch(session)
	filters.add_filter(session, "stanzas/in", function(stanza, on)
		return write("<", on or session, stanza);
	end, 100);
	filters.add_filter(session, "stanzas/out", function(stanza, on)
		return write(">", on or session, stanza);
	end, -100);
end

filters.add_filter_hook(watch);

function module.unload()
	filters.remove_filter_hook(watch);
	file:close();
	times:close();
end
