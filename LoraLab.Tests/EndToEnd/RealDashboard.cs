using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.EndToEnd;

/// <summary>
/// A dashboard with the real trainer: for forms, which show its messages and estimates, and for two tests whose runs train.
/// </summary>
public sealed class RealDashboard() : Dashboard(new ServerSetup());

/// <summary>Shares the <see cref="RealDashboard"/>; its tests run one at a time, in parallel to other collections.</summary>
[CollectionDefinition(nameof(RealDashboard))]
public sealed class RealDashboardCollection : ICollectionFixture<RealDashboard>;
