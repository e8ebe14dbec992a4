# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

# The launcher's own windows are GTK, and found by their titles and buttons.

def gajim_dialog(title)
  Dogtail::Application.new('tails-gajim').child(title, roleName: 'frame')
end

def gajim
  Dogtail::Application.new('gajim')
end

def xmpp_account(name)
  $config['Pidgin']['Accounts']['XMPP'][name]
end

# What omemo_plugin has of this account, without the user's help: the file is only
# opened for reading.
def gajim_fingerprint
  script = <<~PYTHON
    import glob
    import json
    import sqlite3

    [path] = glob.glob("/home/amnesia/.local/share/gajim/plugins_data/omemo_plugin/*@*.db")
    database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    print(json.dumps(sorted(map(str, database.execute(
        "SELECT value FROM kv WHERE key = '/own_device_id'")))))
  PYTHON
  $vm.file_overwrite('/tmp/fingerprint.py', script)
  $vm.execute_successfully(
    'python3 -I /tmp/fingerprint.py', user: LIVE_USER
  ).stdout.chomp
end

Then /^Gajim says that Tor is not ready$/ do
  gajim_dialog('Tor is not ready').button('Open Tor Connection')
end

Then /^Gajim warns that nothing will be kept$/ do
  gajim_dialog('Nothing in Gajim will be kept').button('Start anyway')
end

When /^I start Gajim anyway$/ do
  gajim_dialog('Nothing in Gajim will be kept').button('Start anyway').click
end

Then /^Gajim asks for an account$/ do
  try_for(60) { gajim.child?('Add Account') }
end

When /^I add my XMPP account to Gajim$/ do
  account = xmpp_account('Tails_account')
  step 'Gajim asks for an account'
  @screen.type("#{account['username']}@#{account['domain']}", ['Tab'])
  @screen.type(account['password'], ['Return'])
  try_for(180) { gajim.child?('Account has been added successfully') }
  @screen.press('Return')
end

When /^my XMPP friend goes online with OMEMO$/ do
  account = xmpp_account('Friend_account')
  @friend_name = account['username']
  @chat_bot = ChatBot.new(account['username'], account['domain'],
                          account['password'], omemo: true)
  @chat_bot.start
  add_after_scenario_hook { @chat_bot.stop }
  try_for(120) { @chat_bot.active? }
end

When /^I start a conversation with my friend in Gajim$/ do
  account = xmpp_account('Friend_account')
  @screen.press('ctrl', 'n')
  @screen.type("#{account['username']}@#{account['domain']}", ['Return'])
end

When /^I say "([^"]*)" to my friend in Gajim$/ do |text|
  @screen.type(text, ['Return'])
end

Then /^my friend answers "([^"]*)" in Gajim$/ do |text|
  try_for(60) { gajim.child?(text, showingOnly: true) }
end

Then /^the conversation in Gajim is encrypted$/ do
  try_for(20) { gajim.child?('OMEMO', showingOnly: true) }
end

Then /^Gajim's connections have gone through Tor$/ do
  sockets = $vm.execute_successfully(
    "ss --numeric --tcp --processes state established | grep gajim"
  ).stdout.lines
  assert(sockets.all? { |line| line.include?('127.0.0.1:9050') })
end

When /^I note Gajim's fingerprint$/ do
  @gajim_fingerprint = gajim_fingerprint
end

Then /^Gajim's fingerprint is the one I noted$/ do
  assert_equal(@gajim_fingerprint, gajim_fingerprint)
end

Then /^there is no chat history of Gajim's on the Persistent Storage$/ do
  found = $vm.execute_successfully(
    'find /live/persistence/TailsData_unlocked/gajim -name "logs.db*"'
  ).stdout
  assert_empty(found)
end
