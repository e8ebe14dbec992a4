-- SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- Makes the server a hostile one. It sends its clients whatever is put into a
-- folder, and changes what it delivers to them. Of each file the first line is
-- the user whom it concerns.
--
-- NAME.xml: the rest is one stanza, which is sent as it is: with any sender,
-- checked by nobody.
-- NAME.add: the rest is an element; its children are added to every encrypted
-- message for the user from now on, live, in carbons and from archives. An empty
-- element ends that.
--
-- NAME.hold: the rest is an element; answers to the user that contain its text
-- are held back from now on. An empty element lets them go.
--
-- NAME.slot: the rest is an element; where files can be downloaded, as the user is
-- told who uploads one, is its text from now on. An empty element ends that.
--
-- Done when the file is gone. Test code.

local st = require "util.stanza";
local xml = require "util.xml";
local filters = require "util.filters";

local follow_orders = module:require "orders";

local folder = assert(module:get_option_string("hostile_folder"));

local additions = {};

local function read(path)
	local file = assert(io.open(path));
	local user, text = file:read("*l"), file:read("*a");
	file:close();
	return user, assert(xml.parse(text));
end

follow_orders(folder, "%.xml$", function (_, path)
	local user, stanza = read(path);
	for _, session in pairs(prosody.hosts[module.host].sessions[user].sessions) do
		local copy = st.clone(stanza);
		copy.attr.to = copy.attr.to or session.full_jid;
		session.send(copy);
	end
end);

follow_orders(folder, "%.add$", function (_, path)
	local user, around = read(path);
	additions[user] = #around.tags > 0 and around or nil;
end);

local holds, held = {}, {};

follow_orders(folder, "%.hold$", function (_, path)
	local user, around = read(path);
	local needle = around:get_text();
	if needle and needle ~= "" then
		holds[user] = needle;
		return;
	end
	holds[user] = nil;
	local waiting = held[user] or {};
	held[user] = nil;
	for _, one in ipairs(waiting) do
		one.session.send(one.stanza);
	end
end);

local function is_held(stanza, session)
	local needle = session.username and holds[session.username];
	if not needle or stanza.name ~= "iq" then return false; end
	if not tostring(stanza):find(needle, 1, true) then return false; end
	held[session.username] = held[session.username] or {};
	table.insert(held[session.username], { session = session, stanza = st.clone(stanza) });
	return true;
end

local slots = {};

follow_orders(folder, "%.slot$", function (_, path)
	local user, around = read(path);
	local url = around:get_text();
	slots[user] = url ~= "" and url or nil;
end);

local function with_other_slot(stanza, session)
	local url = session.username and slots[session.username];
	if not url or stanza.name ~= "iq" then return stanza; end
	local copy = st.clone(stanza);
	local slot = copy:get_child("slot", "urn:xmpp:http:upload:0");
	if slot then slot:get_child("get").attr.url = url; end
	return copy;
end

local function is_encrypted(message)
	for _, child in ipairs(message.tags) do
		if child.name == "encrypted" then return true; end
	end
	return false;
end

-- Half of the elements go before the encrypted one, half of them after it
local function add(message, around)
	for number, child in ipairs(around.tags) do
		local copy = st.clone(child);
		if number % 2 == 0 then
			message:add_direct_child(copy);
		else
			table.insert(message.tags, 1, copy);
			table.insert(message, 1, copy);
		end
	end
end

local function add_everywhere(element, around)
	for _, child in ipairs(element.tags) do
		add_everywhere(child, around);
	end
	if element.name == "message" and is_encrypted(element) then
		add(element, around);
	end
end

local function change(stanza, session)
	if st.is_stanza(stanza) then
		if is_held(stanza, session) then return nil; end
		stanza = with_other_slot(stanza, session);
	end
	local around = session.username and additions[session.username];
	if not around or not stanza.attr or stanza.name ~= "message" then
		return stanza;
	end
	local copy = st.clone(stanza);
	add_everywhere(copy, around);
	return copy;
end

local function watch(session)
	if session.type == "c2s" or session.type == "c2s_unauthed" then
		filters.add_filter(session, "stanzas/out", change, -50);
	end
end

filters.add_filter_hook(watch);

function module.unload()
	filters.remove_filter_hook(watch);
end
