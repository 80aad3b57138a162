namespace LoraLab.Server.Storage.LiteDb;

/// <summary>The database's content cannot be what was written.</summary>
internal sealed class DamagedDatabaseException(string message) : Exception(message);
