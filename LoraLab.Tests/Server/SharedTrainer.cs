using Xunit;

namespace LoraLab.Tests.Server;

/// <summary>The same with the real trainer behind the server.</summary>
[CollectionDefinition(nameof(SharedTrainer))]
public sealed class SharedTrainer : ICollectionFixture<RealServer>;
