// SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
// SPDX-License-Identifier: GPL-3.0-or-later
//
// A client with QXmpp that does what it is told and says what it reads.
//
// Arguments: the number of a socket, JID, password, and port. Both sides of the socket
// write a JSON object a line. Keys are in memory: QXmpp leaves it to the application
// to keep them, and they end with this program.

#include <QCoreApplication>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QLocalSocket>

#include <QXmpp/QXmppAtmManager.h>
#include <QXmpp/QXmppAtmTrustMemoryStorage.h>
#include <QXmpp/QXmppClient.h>
#include <QXmpp/QXmppClientExtension.h>
#include <QXmpp/QXmppConfiguration.h>
#include <QXmpp/QXmppE2eeMetadata.h>
#include <QXmpp/QXmppMessage.h>
#include <QXmpp/QXmppMessageHandler.h>
#include <QXmpp/QXmppMessageReaction.h>
#include <QXmpp/QXmppMucIq.h>
#include <QXmpp/QXmppMucManager.h>
#include <QXmpp/QXmppPubSubManager.h>
#include <QXmpp/QXmppSendStanzaParams.h>
#include <QXmpp/QXmppUri.h>
#include <QXmpp/QXmppUtils.h>
#include <QXmppOmemo/QXmppOmemoManager.h>
#include <QXmppOmemo/QXmppOmemoMemoryStorage.h>

const auto OMEMO_2 = QStringLiteral("urn:xmpp:omemo:2");

const QXmpp::TrustLevels TRUSTED = QXmpp::TrustLevel::AutomaticallyTrusted |
    QXmpp::TrustLevel::ManuallyTrusted | QXmpp::TrustLevel::Authenticated;

static QString text_of(const QJsonObject &order, const char *name)
{
    return order.value(QLatin1String(name)).toString();
}

// Takes the messages of rooms before the OMEMO manager does, which would take the room
// for who wrote
class Rooms : public QXmppClientExtension, public QXmppMessageHandler
{
public:
    std::function<bool(const QXmppMessage &)> take;

    bool handleMessage(const QXmppMessage &message) override
    {
        return message.type() == QXmppMessage::GroupChat && take(message);
    }
};

class Peer : public QObject
{
public:
    Peer(qintptr number, const QStringList &arguments)
    {
        m_lines.setSocketDescriptor(number);
        m_rooms = m_client.addNewExtension<Rooms>();
        m_client.addNewExtension<QXmppPubSubManager>();
        m_muc = m_client.addNewExtension<QXmppMucManager>();
        m_atm = m_client.addNewExtension<QXmppAtmManager>(&m_trust);
        m_omemo = m_client.addNewExtension<QXmppOmemoManager>(&m_keys);
        m_client.setEncryptionExtension(m_omemo);
        // What it is recommended to be
        m_omemo->setSecurityPolicy(QXmpp::Toakafa);
        m_omemo->setNewDeviceAutoSessionBuildingEnabled(true);
        m_omemo->setAcceptedSessionBuildingTrustLevels(TRUSTED);

        m_configuration.setJid(arguments[0] + QStringLiteral("/qxmpp"));
        m_configuration.setPassword(arguments[1]);
        m_configuration.setHost(QStringLiteral("127.0.0.1"));
        m_configuration.setPort(arguments[2].toInt());
        m_configuration.setIgnoreSslErrors(true);
        m_configuration.setAutoReconnectionEnabled(false);

        m_rooms->take = [this](const QXmppMessage &message) { return takeFromRoom(message); };
        connect(&m_client, &QXmppClient::connected, this, &Peer::onConnected);
        connect(&m_client, &QXmppClient::disconnected, this, [this] { tell({ { "event", "offline" } }); });
        connect(&m_client, &QXmppClient::messageReceived, this, &Peer::onMessage);
        connect(&m_lines, &QLocalSocket::readyRead, this, &Peer::onLines);
        connect(&m_lines, &QLocalSocket::disconnected, qApp, &QCoreApplication::quit);
        m_client.connectToServer(m_configuration);
    }

private:
    void tell(const QJsonObject &event)
    {
        m_lines.write(QJsonDocument(event).toJson(QJsonDocument::Compact) + '\n');
    }

    void done(bool well, const QString &why = {})
    {
        tell({ { "event", well ? "done" : "failed" }, { "why", why } });
    }

    void onConnected()
    {
        if (m_ready) {
            tell({ { "event", "online" } });
            return;
        }
        m_omemo->load().then(this, [this](bool) {
            m_omemo->setUp().then(this, [this](bool well) {
                m_ready = well;
                tell({ { "event", well ? "ready" : "failed" } });
            });
        });
    }

    void onMessage(const QXmppMessage &message)
    {
        QJsonObject event {
            { "event", message.e2eeMetadata() ? "read" : "clear" },
            { "text", message.body() },
            { "id", message.id() },
            { "replaces", message.replaceId() },
        };
        tell(event);
    }

    bool takeFromRoom(const QXmppMessage &message)
    {
        if (!m_omemo->isEncrypted(message)) {
            return false;
        }
        const auto room = m_muc->addRoom(QXmppUtils::jidToBareJid(message.from()));
        const auto writer = room->participantPresence(message.from()).mucItem().jid();
        const auto jid = QXmppUtils::jidToBareJid(writer);
        if (jid == m_configuration.jidBare()) {
            return true;
        }
        QXmppMessage copy = message;
        copy.setMixUserJid(jid);
        m_omemo->decryptMessage(std::move(copy)).then(this, [this](auto result) {
            if (auto *read = std::get_if<QXmppMessage>(&result)) {
                onMessage(*read);
            }
        });
        return true;
    }

    void onLines()
    {
        while (m_lines.canReadLine()) {
            const auto order = QJsonDocument::fromJson(m_lines.readLine()).object();
            obey(text_of(order, "order"), order);
        }
    }

    void obey(const QString &name, const QJsonObject &order)
    {
        const auto jid = text_of(order, "jid");
        if (name == "meet") {
            m_omemo->requestDeviceLists({ jid }).then(this, [this, jid](auto) {
                m_omemo->buildMissingSessions({ jid }).then(this, [this] { done(true); });
            });
        } else if (name == "say") {
            say(order);
        } else if (name == "enter") {
            auto *room = m_muc->addRoom(text_of(order, "room"));
            room->setNickName(QXmppUtils::jidToUser(m_configuration.jidBare()));
            done(room->join());
        } else if (name == "leave") {
            m_client.disconnectFromServer();
        } else if (name == "come_back") {
            m_client.connectToServer(m_configuration);
        } else if (name == "code") {
            m_omemo->ownKey().then(this, [this](QByteArray key) {
                QXmppUri uri;
                uri.setJid(m_configuration.jidBare());
                uri.setQuery(QXmpp::Uri::TrustMessage { OMEMO_2, { QString::fromLatin1(key.toHex()) }, {} });
                tell({ { "event", "code" }, { "text", uri.toString() } });
            });
        } else if (name == "scan") {
            QList<QByteArray> keys;
            for (const auto &key : order.value("keys").toArray()) {
                keys.append(QByteArray::fromHex(key.toString().toLatin1()));
            }
            m_atm->makeTrustDecisions(OMEMO_2, jid, keys).then(this, [this] { done(true); });
        } else if (name == "trust") {
            m_omemo->keys(QList<QString> { jid }).then(this, [this, jid](auto keys) {
                QJsonObject levels;
                const auto known = keys.value(jid);
                for (auto one = known.begin(); one != known.end(); ++one) {
                    levels.insert(QString::fromLatin1(one.key().toHex()), int(one.value()));
                }
                tell({ { "event", "trust" }, { "levels", levels } });
            });
        } else {
            done(false, QStringLiteral("no such order: ") + name);
        }
    }

    void say(const QJsonObject &order)
    {
        const auto place = text_of(order, "place");
        QXmppMessage message({}, place, text_of(order, "text"));
        message.setId(QXmppUtils::generateStanzaUuid());
        message.setOriginId(message.id());
        message.setType(order.value("room").toBool() ? QXmppMessage::GroupChat : QXmppMessage::Chat);
        message.addHint(QXmppMessage::Store);
        message.setReplaceId(order.value("correct").toBool() ? m_lastId : QString());
        if (const auto emoji = text_of(order, "emoji"); !emoji.isEmpty()) {
            QXmppMessageReaction reaction;
            reaction.setMessageId(text_of(order, "id"));
            reaction.setEmojis({ emoji });
            message.setReaction(reaction);
        }
        if (message.replaceId().isEmpty()) {
            m_lastId = message.id();
        }
        QXmppSendStanzaParams parameters;
        QVector<QString> readers;
        for (const auto &reader : order.value("readers").toArray()) {
            readers.append(reader.toString());
        }
        parameters.setEncryptionJids(readers);
        parameters.setAcceptedTrustLevels(TRUSTED);
        m_client.sendSensitive(std::move(message), parameters).then(this, [this](auto &&result) {
            const auto *error = std::get_if<QXmppError>(&result);
            done(!error, error ? error->description : QString());
        });
    }

    QXmppAtmTrustMemoryStorage m_trust;
    QXmppOmemoMemoryStorage m_keys;
    QXmppConfiguration m_configuration;
    QLocalSocket m_lines;
    QXmppClient m_client;
    Rooms *m_rooms;
    QXmppMucManager *m_muc;
    QXmppAtmManager *m_atm;
    QXmppOmemoManager *m_omemo;
    QString m_lastId;
    bool m_ready = false;
};

int main(int argc, char *argv[])
{
    QCoreApplication application(argc, argv);
    auto arguments = application.arguments();
    Peer peer(arguments[1].toInt(), arguments.mid(2));
    return application.exec();
}
