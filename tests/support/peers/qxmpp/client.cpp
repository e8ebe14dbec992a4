// SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
// SPDX-License-Identifier: GPL-3.0-or-later
//
// A client with QXmpp that does what it is told and says what it reads.
//
// Arguments: the number of a socket, JID, password, port, and the file of its keys. Both
// sides of the socket write a JSON object a line.

#include "storage.h"

#include <QCoreApplication>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QLocalSocket>
#include <QNetworkAccessManager>
#include <QNetworkReply>

#include <QXmppAtmManager.h>
#include <QXmppAtmTrustMemoryStorage.h>
#include <QXmppClient.h>
#include <QXmppClientExtension.h>
#include <QXmppConfiguration.h>
#include <QXmppDiscoveryManager.h>
#include <QXmppE2eeMetadata.h>
#include <QXmppEncryptedFileSharingProvider.h>
#include <QXmppFileMetadata.h>
#include <QXmppFileSharingManager.h>
#include <QXmppHttpFileSharingProvider.h>
#include <QXmppHttpUploadManager.h>
#include <QXmppMessage.h>
#include <QXmppMessageHandler.h>
#include <QXmppMessageReaction.h>
#include <QXmppMucIq.h>
#include <QXmppMucManager.h>
#include <QXmppPubSubManager.h>
#include <QXmppSendStanzaParams.h>
#include <QXmppUploadRequestManager.h>
#include <QXmppUri.h>
#include <QXmppUtils.h>
#include <Omemo/QXmppOmemoManager.h>

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
    Peer(qintptr number, const QStringList &arguments) : m_keys(arguments[3])
    {
        m_lines.setSocketDescriptor(number);
        m_rooms = m_client.addNewExtension<Rooms>();
        m_client.addNewExtension<QXmppPubSubManager>();
        m_muc = m_client.addNewExtension<QXmppMucManager>();
        m_atm = m_client.addNewExtension<QXmppAtmManager>(&m_trust);
        m_omemo = m_client.addNewExtension<QXmppOmemoManager>(&m_keys);
        m_client.setEncryptionExtension(m_omemo);
        prepareFiles();
        // What it is recommended to be
        m_omemo->setSecurityPolicy(QXmpp::Toakafa);
        m_omemo->setNewDeviceAutoSessionBuildingEnabled(true);
        m_omemo->setAcceptedSessionBuildingTrustLevels(TRUSTED);

        m_configuration.setJid(arguments[0] + QStringLiteral("/qxmpp-") + QXmppUtils::generateStanzaUuid());
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
    void prepareFiles()
    {
        m_disco = m_client.findExtension<QXmppDiscoveryManager>();
        auto *requests = m_client.addNewExtension<QXmppUploadRequestManager>();
        connect(requests, &QXmppUploadRequestManager::serviceFoundChanged, this, [this, requests] {
            if (requests->serviceFound() && !m_waiting.isEmpty()) {
                sendFile(std::exchange(m_waiting, {}));
            }
        });
        auto *upload = m_client.addNewExtension<QXmppHttpUploadManager>(&m_network);
        m_requests = requests;
        m_files = m_client.addNewExtension<QXmppFileSharingManager>();
        auto http = std::make_shared<QXmppHttpFileSharingProvider>(upload, &m_network);
        m_provider = std::make_shared<QXmppEncryptedFileSharingProvider>(m_files, http);
        m_files->registerProvider(http);
        m_files->registerProvider(m_provider);
        connect(&m_network, &QNetworkAccessManager::sslErrors, this,
                [](QNetworkReply *reply) { reply->ignoreSslErrors(); });
    }

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
        m_omemo->load().then(this, [this](bool loaded) {
            if (loaded) {
                // Whom it trusted it trusts again
                const auto kept = m_keys.allData().takeResult();
                m_trust.setOwnKey(OMEMO_2, kept.ownDevice->publicIdentityKey);
                for (auto [jid, devices] : kept.devices.asKeyValueRange()) {
                    for (const auto &device : devices) {
                        m_trust.addKeys(OMEMO_2, jid, { device.keyId }, QXmpp::TrustLevel::AutomaticallyTrusted);
                    }
                }
                setReady(true);
                return;
            }
            m_omemo->setUp().then(this, [this](bool well) { setReady(well); });
        });
    }

    void setReady(bool well)
    {
        m_ready = well;
        tell({ { "event", well ? "ready" : "failed" } });
    }

    void onMessage(const QXmppMessage &message)
    {
        QJsonObject event {
            { "event", message.e2eeMetadata() ? "read" : "clear" },
            { "text", message.body() },
            { "id", message.id() },
            { "replaces", message.replaceId() },
        };
        if (!message.sharedFiles().isEmpty()) {
            m_shared = message.sharedFiles().first();
            event.insert("file", m_shared.metadata().filename().value_or(QString()));
        }
        tell(event);
    }

    // It is asked which service takes files, and goes on when that is known
    void sendFile(const QJsonObject &order)
    {
        if (!m_requests->serviceFound()) {
            m_waiting = order;
            m_disco->requestInfo(QStringLiteral("files.") + m_configuration.domain());
            return;
        }
        m_upload = m_files->uploadFile(m_provider, text_of(order, "path"));
        connect(m_upload.get(), &QXmppFileUpload::finished, this, [this, order] {
            const auto result = m_upload->result();
            if (const auto *sent = std::get_if<QXmppFileUpload::FileResult>(&result)) {
                say(order, { sent->fileShare });
            } else {
                done(false, QStringLiteral("not uploaded"));
            }
        });
    }

    // What comes out goes to the disk at once, because QXmpp reads it from there
    void fetchFile(const QString &path)
    {
        auto file = std::make_unique<QFile>(path);
        file->open(QIODevice::WriteOnly | QIODevice::Truncate | QIODevice::Unbuffered);
        m_download = m_files->downloadFile(m_shared, std::move(file));
        connect(m_download.get(), &QXmppFileDownload::finished, this, [this] {
            const auto result = m_download->result();
            const auto *error = std::get_if<QXmppError>(&result);
            const auto *got = std::get_if<QXmppFileDownload::Downloaded>(&result);
            tell({ { "event", "fetched" },
                   { "verified", got && got->hashVerificationResult == QXmppFileDownload::HashVerified },
                   { "why", error ? error->description : QString() } });
        });
    }

    bool takeFromRoom(const QXmppMessage &message)
    {
        if (m_alone || !m_omemo->isEncrypted(message)) {
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
        } else if (name == "send_file") {
            sendFile(order);
        } else if (name == "fetch_file") {
            fetchFile(text_of(order, "path"));
        } else if (name == "enter") {
            auto *room = m_muc->addRoom(text_of(order, "room"));
            room->setNickName(QXmppUtils::jidToUser(m_configuration.jidBare()));
            done(room->join());
        } else if (name == "help_in_rooms") {
            m_alone = !order.value("help").toBool();
            done(true);
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

    void say(const QJsonObject &order, const QVector<QXmppFileShare> &files = {})
    {
        const auto place = text_of(order, "place");
        QXmppMessage message({}, place, text_of(order, "text"));
        message.setId(QXmppUtils::generateStanzaUuid());
        message.setOriginId(message.id());
        message.setType(order.value("room").toBool() ? QXmppMessage::GroupChat : QXmppMessage::Chat);
        message.addHint(QXmppMessage::Store);
        message.setSharedFiles(files);
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

    // Whether it has to find out itself who wrote in a room
    bool m_alone = false;
    QXmppAtmTrustMemoryStorage m_trust;
    FileStorage m_keys;
    QNetworkAccessManager m_network;
    QXmppConfiguration m_configuration;
    QLocalSocket m_lines;
    QXmppClient m_client;
    Rooms *m_rooms;
    QXmppMucManager *m_muc;
    QXmppAtmManager *m_atm;
    QXmppOmemoManager *m_omemo;
    QXmppDiscoveryManager *m_disco;
    QXmppUploadRequestManager *m_requests;
    QXmppFileSharingManager *m_files;
    std::shared_ptr<QXmppEncryptedFileSharingProvider> m_provider;
    std::shared_ptr<QXmppFileUpload> m_upload;
    std::shared_ptr<QXmppFileDownload> m_download;
    QXmppFileShare m_shared;
    QJsonObject m_waiting;
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
