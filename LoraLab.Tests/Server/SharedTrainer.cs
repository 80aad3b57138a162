using Xunit;

namespace LoraLab.Tests.Server;

/// <summary>Like <see cref="SharedServer"/>, with the real trainer.</summary>
[CollectionDefinition(nameof(SharedTrainer))]
public sealed class SharedTrainer : ICollectionFixture<RealServer>;
