using LoraLab.Training.Torch;
using Xunit;

namespace LoraLab.Tests.Training.Torch;

/// <summary>Tasks distributed over threads.</summary>
public sealed class ParallelTasksTests
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(4, 2)]
    [InlineData(5, 8)]
    [InlineData(64, 3)]
    public void Run_Repeatedly_RunsEachTaskOnceAndNoTwoPerWorkerAtATime(int tasks, int threads)
    {
        ParallelTasks pool = new();
        int[] busy = new int[threads];
        for (int round = 0; round < 2000; round++)
        {
            int[] done = new int[tasks];
            int together = 0;
            pool.Run(tasks, threads, (task, worker) =>
            {
                together |= Interlocked.Exchange(ref busy[worker], 1);
                Interlocked.Increment(ref done[task]);
                Volatile.Write(ref busy[worker], 0);
            });

            Assert.Equal(0, together);
            Assert.All(done, times => Assert.Equal(1, times));
        }
    }

    [Fact]
    public void Run_TaskThatThrows_IsReportedToTheCaller()
    {
        ParallelTasks pool = new();

        InvalidOperationException error = Assert.Throws<InvalidOperationException>(() => pool.Run(8, 3, (task, _) =>
        {
            if (task == 5)
            {
                throw new ArithmeticException("five");
            }
        }));

        Assert.Equal("five", error.InnerException?.Message);
        int done = 0;
        pool.Run(8, 3, (_, _) => Interlocked.Increment(ref done));
        Assert.Equal(8, done);
    }
}
