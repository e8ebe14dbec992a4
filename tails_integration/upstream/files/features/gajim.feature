# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
@product
Feature: Chatting with OMEMO in Gajim
  As a Tails user
  when I chat using Gajim
  I should be able to use OMEMO
  And everything Gajim sends should go through Tor
  And my keys should be kept if I asked for it

  Scenario: Gajim does not start without Tor
    Given I have started Tails from DVD without network and logged in
    When I start "Gajim" via GNOME Activities Overview
    Then Gajim says that Tor is not ready

  Scenario: Gajim warns when nothing is kept
    Given I have started Tails from DVD and logged in and the network is connected
    When I start "Gajim" via GNOME Activities Overview
    Then Gajim warns that nothing will be kept
    When I start Gajim anyway
    Then Gajim asks for an account

  @check_tor_leaks
  Scenario: Chatting with some friend over XMPP with OMEMO
    Given I have started Tails from DVD and logged in and the network is connected
    And I monitor the network connections of Gajim
    When I start "Gajim" via GNOME Activities Overview
    And I start Gajim anyway
    And I add my XMPP account to Gajim
    And my XMPP friend goes online with OMEMO
    And I start a conversation with my friend in Gajim
    And I say "ping" to my friend in Gajim
    Then my friend answers "pong" in Gajim
    And my friend's message in Gajim is encrypted with OMEMO
    And I see that Gajim is properly stream isolated

  Scenario: The identity is the same after a restart
    Given I have started Tails without network from a USB drive with a persistent partition enabled and logged in
    And the network is plugged
    And Tor is ready
    When I start "Gajim" via GNOME Activities Overview
    And I add my XMPP account to Gajim
    And I note Gajim's identity key
    And I shutdown Tails and wait for the computer to power off
    And I start Tails from USB drive "__internal" with network unplugged and I login with persistence enabled
    And the network is plugged
    And Tor is ready
    And I start "Gajim" via GNOME Activities Overview
    Then Gajim's identity key is the one I noted
    And there is no chat history of Gajim's on the Persistent Storage
