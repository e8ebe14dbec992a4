# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

# A friend's client that encrypts with OMEMO. Everything else is as in ChatBot.
class OmemoChatBot < ChatBot
  def start
    cmd = ["#{GIT_DIR}/features/scripts/xmpp-bot-omemo", @account, @password]
    cmd += ['--connect-server', @opts[:connect_server]] if @opts[:connect_server]
    cmd += ['--log-file', DEBUG_LOG_PSEUDO_FIFO]
    @pid = IO.popen(cmd).pid
  end
end

# The launcher's own windows are GTK, and found by their titles and buttons.
def gajim_dialog(title)
  Dogtail::Application.new('tails-gajim').child(title, roleName: 'frame')
end

def gajim
  Dogtail::Application.new('gajim')
end

# The public part of the OMEMO identity key, which is what contacts verify. The file
# is only opened for reading.
def gajim_identity_key
  script = <<~PYTHON
    import glob
    import sqlite3

    [path] = glob.glob(
        "/home/amnesia/.local/share/gajim/plugins_data/omemo_plugin/*@*.db"
    )
    database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    [(key,)] = database.execute(
        "SELECT value FROM kv WHERE key LIKE '/devices/%/' || (SELECT value"
        " FROM kv WHERE key = '/own_device_id') || '/identity_key'"
    )
    print(key)
  PYTHON
  $vm.file_overwrite('/tmp/identity_key.py', script)
  $vm.execute_successfully(
    'python3 -I /tmp/identity_key.py', user: LIVE_USER
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
  @chat_bot = OmemoChatBot.new(
    "#{account['username']}@#{account['domain']}",
    account['password'],
    connect_server: account['connect_server']
  )
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

Then /^my friend's message in Gajim is encrypted with OMEMO$/ do
  # xmpp-bot-omemo answers to encrypted messages alone
  try_for(20) { gajim.child?('OMEMO', showingOnly: true) }
end

When /^I note Gajim's identity key$/ do
  @gajim_identity_key = gajim_identity_key
end

Then /^Gajim's identity key is the one I noted$/ do
  assert_equal(@gajim_identity_key, gajim_identity_key)
end

Then /^there is no chat history of Gajim's on the Persistent Storage$/ do
  found = $vm.execute_successfully(
    'find /live/persistence/TailsData_unlocked/gajim -name "logs.db*"'
  ).stdout
  assert_empty(found)
end
