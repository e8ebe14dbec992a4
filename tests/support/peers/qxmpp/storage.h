// SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
// SPDX-License-Identifier: GPL-3.0-or-later
//
// QXmpp leaves it to the application to keep the keys. Here they are in a file that is
// written anew for each change.

#pragma once

#include <QDataStream>
#include <QFile>
#include <QSaveFile>

#include <Omemo/QXmppOmemoMemoryStorage.h>

using Keys = QXmppOmemoStorage;

inline QDataStream &operator<<(QDataStream &to, const Keys::OwnDevice &one)
{
    return to << one.id << one.label << one.privateIdentityKey << one.publicIdentityKey
              << one.latestSignedPreKeyId << one.latestPreKeyId;
}

inline QDataStream &operator>>(QDataStream &from, Keys::OwnDevice &one)
{
    return from >> one.id >> one.label >> one.privateIdentityKey >> one.publicIdentityKey
        >> one.latestSignedPreKeyId >> one.latestPreKeyId;
}

inline QDataStream &operator<<(QDataStream &to, const Keys::Device &one)
{
    return to << one.label << one.keyId << one.session << one.unrespondedSentStanzasCount
              << one.unrespondedReceivedStanzasCount << one.removalFromDeviceListDate;
}

inline QDataStream &operator>>(QDataStream &from, Keys::Device &one)
{
    return from >> one.label >> one.keyId >> one.session >> one.unrespondedSentStanzasCount
        >> one.unrespondedReceivedStanzasCount >> one.removalFromDeviceListDate;
}

inline QDataStream &operator<<(QDataStream &to, const Keys::SignedPreKeyPair &one)
{
    return to << one.creationDate << one.data;
}

inline QDataStream &operator>>(QDataStream &from, Keys::SignedPreKeyPair &one)
{
    return from >> one.creationDate >> one.data;
}

class FileStorage : public QXmppOmemoMemoryStorage
{
    using Memory = QXmppOmemoMemoryStorage;

public:
    explicit FileStorage(const QString &path) : m_path(path)
    {
        QFile file(path);
        if (!file.open(QIODevice::ReadOnly)) {
            return;
        }
        QDataStream from(&file);
        OwnDevice own;
        OmemoData data;
        from >> own >> data.signedPreKeyPairs >> data.preKeyPairs >> data.devices;
        Memory::setOwnDevice(own);
        for (auto [id, pair] : data.signedPreKeyPairs.asKeyValueRange()) {
            Memory::addSignedPreKeyPair(id, pair);
        }
        Memory::addPreKeyPairs(data.preKeyPairs);
        for (auto [jid, devices] : data.devices.asKeyValueRange()) {
            for (auto [id, device] : devices.asKeyValueRange()) {
                Memory::addDevice(jid, id, device);
            }
        }
    }

    QXmppTask<void> setOwnDevice(const std::optional<OwnDevice> &device) override
    {
        return saved(Memory::setOwnDevice(device));
    }

    QXmppTask<void> addSignedPreKeyPair(uint32_t id, const SignedPreKeyPair &pair) override
    {
        return saved(Memory::addSignedPreKeyPair(id, pair));
    }

    QXmppTask<void> removeSignedPreKeyPair(uint32_t id) override
    {
        return saved(Memory::removeSignedPreKeyPair(id));
    }

    QXmppTask<void> addPreKeyPairs(const QHash<uint32_t, QByteArray> &pairs) override
    {
        return saved(Memory::addPreKeyPairs(pairs));
    }

    QXmppTask<void> removePreKeyPair(uint32_t id) override
    {
        return saved(Memory::removePreKeyPair(id));
    }

    QXmppTask<void> addDevice(const QString &jid, uint32_t id, const Device &device) override
    {
        return saved(Memory::addDevice(jid, id, device));
    }

    QXmppTask<void> removeDevice(const QString &jid, uint32_t id) override
    {
        return saved(Memory::removeDevice(jid, id));
    }

    QXmppTask<void> removeDevices(const QString &jid) override
    {
        return saved(Memory::removeDevices(jid));
    }

    QXmppTask<void> resetAll() override
    {
        return saved(Memory::resetAll());
    }

private:
    QXmppTask<void> saved(QXmppTask<void> &&done)
    {
        const auto data = allData().takeResult();
        QSaveFile file(m_path);
        if (data.ownDevice && file.open(QIODevice::WriteOnly)) {
            QDataStream to(&file);
            to << *data.ownDevice << data.signedPreKeyPairs << data.preKeyPairs << data.devices;
            file.commit();
        }
        return std::move(done);
    }

    QString m_path;
};
