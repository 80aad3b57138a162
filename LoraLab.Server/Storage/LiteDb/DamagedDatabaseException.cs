namespace LoraLab.Server.Storage.LiteDb;

/// <summary>The database's content is corrupted.</summary>
internal sealed class DamagedDatabaseException(string message) : Exception(message);
