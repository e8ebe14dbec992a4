# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

# Runs the steps of gajim.rb against helpers that have the signatures of Tails' own.
# Arguments: gajim.rb, and a file with one step a line; steps of Tails are left out.

LIVE_USER = 'amnesia'
GIT_DIR = '/nonexistent'
DEBUG_LOG_PSEUDO_FIFO = '/nonexistent'
Result = Struct.new(:stdout)

# As features/support/helpers/chatbot_helper.rb
class ChatBot
  def initialize(account, password, **opts)
    raise 'no address' unless account.include?('@')

    @account = account
    @password = password
    @opts = opts
  end

  def stop; end

  def active?
    true
  end
end

# As features/support/helpers/vm_helper.rb
class VM
  def execute_successfully(_command, user: 'root')
    raise 'no user' unless user

    Result.new('')
  end

  def file_overwrite(_path, _lines); end
end

# As features/support/helpers/screen.rb
class Screen
  def type(*_keys); end

  def press(*_sequence); end
end

module Dogtail
  # As features/support/helpers/dogtail.rb
  class Node
    def child(_name, roleName: nil, **_options)
      raise 'no role' unless roleName.nil? || roleName.is_a?(String)

      self
    end

    def child?(_name = nil, **_options)
      true
    end

    def button(_name)
      self
    end

    def click; end
  end

  class Application < Node
    def initialize(_app_name, **_opts)
      super()
    end
  end
end

def IO.popen(command)
  raise 'no command' unless command.all?(String)

  Struct.new(:pid).new(0)
end

def xmpp_account(name)
  raise name unless %w[Tails_account Friend_account].include?(name)

  { 'username' => 'user', 'domain' => 'chat.example', 'password' => 'x' }
end

def try_for(_timeout, **_options)
  raise 'it never happens' unless yield
end

def add_after_scenario_hook(&block)
  block.call
end

def assert_equal(expected, actual)
  raise "#{expected} #{actual}" unless expected == actual
end

def assert_empty(object)
  raise object unless object.empty?
end

DEFINED = {}
%i[Given When Then].each do |word|
  define_method(word) { |pattern, &block| DEFINED[pattern] = block }
end

def step(text)
  found = DEFINED.filter_map { |pattern, block| [$~, block] if pattern =~ text }
  return false if found.empty?
  raise "#{found.size} definitions of #{text}" if found.size > 1

  match, block = found.first
  instance_exec(*match.captures, &block)
  true
end

$vm = VM.new
@screen = Screen.new
load ARGV[0]
ran = File.readlines(ARGV[1], chomp: true).count { |text| step(text) }
puts ran
