using Xunit;

namespace LoraLab.Tests.Server;

/// <summary>Tests that ask a server with the scripted worker for what is theirs, whatever else it holds: one server for all of them, one after the other.</summary>
[CollectionDefinition(nameof(SharedServer))]
public sealed class SharedServer : ICollectionFixture<ScriptedServer>;
