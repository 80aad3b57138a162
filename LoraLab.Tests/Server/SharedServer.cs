using Xunit;

namespace LoraLab.Tests.Server;

/// <summary>Tests that only look at their own runs: they share one server with the scripted worker, and execute sequentially.</summary>
[CollectionDefinition(nameof(SharedServer))]
public sealed class SharedServer : ICollectionFixture<ScriptedServer>;
